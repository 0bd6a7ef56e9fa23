import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClickHouseError } from '@clickhouse/client'
import { Database } from '../../src/store/database.ts'
import { classify, type FailureKind, StoreError, storeError } from '../../src/store/errors.ts'
import { freePorts } from '../helpers/ports.ts'
import { storeFixture } from './fixture.ts'
import { startScratchServer } from './scratch-server.ts'

const store = storeFixture()

const clickhouse = (code: number): Error =>
  new ClickHouseError({ message: 'something', code: String(code), type: 'SOMETHING' })
const node = (code: string): Error => Object.assign(new Error('something'), { code })

const CASES: readonly (readonly [string, Error, FailureKind])[] = [
  ['too many parts', clickhouse(252), 'transient'],
  ['memory limit', clickhouse(241), 'transient'],
  ['disk full', clickhouse(243), 'transient'],
  ['too many queries', clickhouse(202), 'transient'],
  ['read-only replica', clickhouse(242), 'transient'],
  ['Keeper is away', clickhouse(999), 'transient'],
  ['cancelled by a shutdown', clickhouse(394), 'transient'],
  ['wrong password', clickhouse(516), 'permanent'],
  ['missing grant', clickhouse(497), 'permanent'],
  ['read-only user', clickhouse(164), 'permanent'],
  ['missing table', clickhouse(60), 'permanent'],
  ['missing database', clickhouse(81), 'permanent'],
  ['missing column', clickhouse(16), 'permanent'],
  ['old server', clickhouse(115), 'permanent'],
  ['a code that is not in the table', clickhouse(49), 'unknown'],
  ['a code that does not exist yet', clickhouse(99_999), 'unknown'],
  ['refused connection', node('ECONNREFUSED'), 'transient'],
  ['broken connection', node('ECONNRESET'), 'transient'],
  ['unknown host', node('ENOTFOUND'), 'transient'],
  ['time-out of the client', new Error('Timeout error.'), 'transient'],
  ['closed connection', new Error('socket hang up'), 'transient'],
  ['anything else', new Error('something'), 'unknown'],
  ['a mistake of ours', new TypeError('undefined is not a function'), 'unknown'],
]

for (const [name, error, kind] of CASES) {
  test(`${name}: ${kind}`, () => {
    assert.equal(classify(error), kind)
    const thrown = storeError(error, 'inserting')
    assert.equal(thrown.code, kind === 'permanent' ? 'store_refused' : 'store_unavailable')
    assert.equal(thrown.retryable, kind !== 'permanent')
    assert.equal(thrown.kind, kind)
    assert.equal(thrown.cause, error)
  })
}

test('a wrong password is refused, with what to check', async (t) => {
  const db = new Database({ endpoint: () => ({ ...store.endpoint(), password: 'wrong' }) })
  t.after(() => db.close())
  await assert.rejects(db.ping(), { code: 'store_refused', hint: /MILLRACE_CLICKHOUSE_PASSWORD/ })
})

test('a missing table and a missing database are refused, with what to do', async (t) => {
  const db = await store.database(t)
  await assert.rejects(db.query('SELECT * FROM nothing'), { code: 'store_refused', hint: /-init-schema/ })
  await assert.rejects(db.insert('nothing', ['a'], Buffer.from([1])), { code: 'store_refused' })
  await assert.rejects(store.nothing(t).query('SELECT 1'), { code: 'store_refused', hint: /-init-schema/ })
})

test('an error that comes after rows were answered is an error all the same', async (t) => {
  const db = await store.database(t)
  const query = db.query('SELECT throwIf(number = 3000000) AS n FROM numbers(4000000)', {
    settings: { max_block_size: '1000' },
  })
  await assert.rejects(query, StoreError)
})

test('rows that are cut off are not acknowledged', async (t) => {
  const db = await store.database(t)
  await assert.rejects(db.insert('page_views_raw', ['page_id'], Buffer.from([200])), StoreError)
  assert.deepEqual(await db.query('SELECT count() AS rows FROM page_views_raw'), [{ rows: 0 }])
})

test('a server that has stopped is away; one at another address is found by the next request', async (t) => {
  const [nobody] = await freePorts(1)
  const server = await startScratchServer()
  let endpoint = server.endpoint
  const db = new Database({ endpoint: () => ({ ...endpoint, database: 'system' }) })
  t.after(() => db.close())
  await db.ping()
  await server.stop()
  await assert.rejects(db.ping(), { code: 'store_unavailable', kind: 'transient' })
  endpoint = { ...endpoint, url: `http://127.0.0.1:${nobody}` }
  await assert.rejects(db.ping(), { code: 'store_unavailable', kind: 'transient' })
  endpoint = store.endpoint()
  await db.ping()
})

test('a request that takes too long is given up', async (t) => {
  const db = new Database({ endpoint: () => ({ ...store.endpoint(), database: 'system' }), timeoutMs: 200 })
  t.after(() => db.close())
  await assert.rejects(db.query('SELECT sleep(3)'), { code: 'store_unavailable', kind: 'transient' })
})
