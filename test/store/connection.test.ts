import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database } from '../../src/store/database.ts'
import { type Fault, FaultProxy } from '../helpers/fault-proxy.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()
const PAGE =
  '<html><head><title>Oh</title></head><body><h1>503 Service Temporarily Unavailable</h1></body></html>'

const FAULTS: readonly (readonly [string, Fault, 'transient' | 'permanent'])[] = [
  ['connections are refused', { kind: 'refuse' }, 'transient'],
  ['the answer is lost', { kind: 'lose-answer' }, 'transient'],
  ['the answer is cut in its head', { kind: 'cut-answer', bytes: 20 }, 'transient'],
  ['the answer is cut in its body', { kind: 'cut-answer', bytes: 5_000 }, 'transient'],
  ['nothing comes back', { kind: 'stall' }, 'transient'],
  ...[408, 429, 500, 502, 503, 504].map(
    (status) =>
      [`HTTP status ${status} of a proxy`, { kind: 'status', status, body: PAGE }, 'transient'] as const,
  ),
  ...[301, 400, 401, 403, 404].map(
    (status) =>
      [`HTTP status ${status} of a proxy`, { kind: 'status', status, body: PAGE }, 'permanent'] as const,
  ),
]

for (const [name, fault, kind] of FAULTS) {
  test(`${name}: ${kind}, and gone when it has healed`, async (t) => {
    const own = await store.database(t)
    const proxy = await FaultProxy.start(t, () => Number(new URL(store.endpoint().url).port))
    const endpoint = { ...store.endpoint(), url: proxy.url, database: own.name }
    const requests: readonly (readonly [string, (db: Database) => Promise<unknown>])[] = [
      ['a query', (db) => db.query('SELECT * FROM numbers(1000)')],
      ['a statement', (db) => db.command('INSERT INTO page_views_raw SELECT * FROM page_views_raw WHERE 0')],
      ['an insert', (db) => db.insert('schema_migrations', ['number'], Buffer.from([9, 0, 0, 0]))],
    ]
    for (const [what, ask] of requests) {
      // An answer without a body ends before it could be cut there.
      if (fault.kind === 'cut-answer' && fault.bytes > 1_000 && what !== 'a query') continue
      // With connections of its own: one that was open before ends for a reason of its own.
      const request = async (): Promise<unknown> => {
        const db = new Database({ endpoint: () => endpoint, timeoutMs: 1_000 })
        return ask(db).finally(() => db.close())
      }
      const met = proxy.met
      proxy.break(fault)
      await assert.rejects(
        request(),
        { code: kind === 'transient' ? 'store_unavailable' : 'store_refused', kind },
        what,
      )
      assert.ok(proxy.met > met, `${what} met the fault`)
      proxy.heal()
      await request()
    }
  })
}

test('what a proxy says is told without its markup, with the status and what to check', async (t) => {
  const proxy = await FaultProxy.start(t, () => 1)
  const db = new Database({ endpoint: () => ({ ...store.endpoint(), url: proxy.url }) })
  t.after(() => db.close())
  proxy.fault = { kind: 'status', status: 404, body: PAGE }
  await assert.rejects(db.ping(), {
    message: 'querying (SELECT 1): HTTP status 404, 503 Service Temporarily Unavailable',
    hint: /MILLRACE_CLICKHOUSE_URL/,
  })
})

test('with compression rows arrive and come back as they are', async (t) => {
  const own = await store.database(t)
  const endpoint = { ...store.endpoint(), database: own.name }
  const db = new Database({ endpoint: () => endpoint, compress: true })
  t.after(() => db.close())
  const rows = Buffer.concat(
    Array.from({ length: 1_000 }, (_, i) => {
      const number = Buffer.alloc(4)
      number.writeUInt32LE(1_000 + i)
      return number
    }),
  )
  await db.insert('schema_migrations', ['number'], rows)
  const found = await db.query<{ number: number }>(
    'SELECT number FROM schema_migrations WHERE number >= 1000 ORDER BY number',
  )
  assert.deepEqual(
    found.map(({ number }) => number),
    Array.from({ length: 1_000 }, (_, i) => 1_000 + i),
  )
  await assert.rejects(db.query('SELECT nothing'), { code: 'store_refused' })
})
