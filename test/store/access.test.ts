import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { checkMayWrite, checkVersion, mayMakeTables } from '../../src/store/access.ts'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type ScratchServer, startScratchServer } from './scratch-server.ts'

/** What docs/clickhouse.md says to grant. */
const GRANTS = [
  'GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW, ALTER TABLE, DROP TABLE, DROP VIEW ON millrace.*',
  'GRANT CREATE DATABASE ON millrace.*',
  'GRANT TABLE ENGINE ON ReplacingMergeTree',
  'GRANT TABLE ENGINE ON AggregatingMergeTree',
  'GRANT TABLE ENGINE ON Null',
]

const user = (name: string, grants: readonly string[], profile = 'default'): string =>
  `<${name}><no_password/><profile>${profile}</profile><networks><ip>127.0.0.1</ip></networks>
   <grants>${grants.map((grant) => `<query>${grant}</query>`).join('')}</grants></${name}>`

let server: ScratchServer
before(async () => {
  server = await startScratchServer(
    user('exactly', GRANTS) + user('looking', ['GRANT SELECT ON millrace.*', 'GRANT SELECT ON system.*']),
  )
})
after(() => server.stop())

function as(t: TestContext, name: string): Database {
  const db = new Database({ endpoint: () => ({ ...server.endpoint, user: name, password: '' }) })
  t.after(() => db.close())
  return db
}

test('a user with the grants of the documentation may do everything', async (t) => {
  const documentation = await readFile(resolve(import.meta.dirname, '../../docs/clickhouse.md'), 'utf8')
  assert.deepEqual(documentation.match(/^GRANT .*(?= TO millrace;$)/gm), GRANTS)
  const db = as(t, 'exactly')
  await checkVersion(db)
  assert.equal(await mayMakeTables(db), true)
  await migrate(db)
  await checkMayWrite(db)
})

test('a user that may only read is refused, with what is missing and what to do', async (t) => {
  const db = as(t, 'looking')
  await checkVersion(db)
  assert.equal(await mayMakeTables(db), false)
  await assert.rejects(checkMayWrite(db), {
    code: 'store_refused',
    message: /INSERT/,
    hint: /MILLRACE_CLICKHOUSE_USER/,
  })
})

test('a server that is too old, or no ClickHouse, is refused by its version', async (t) => {
  let version = '24.8.1.1'
  const fake = createServer((_, answer) => answer.end(`${JSON.stringify({ version })}\n`))
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve))
  t.after(() => fake.close())
  const { port } = fake.address() as { port: number }
  const endpoint = { url: `http://127.0.0.1:${port}`, user: 'millrace', password: '', database: 'millrace' }
  const db = new Database({ endpoint: () => endpoint })
  t.after(() => db.close())
  await assert.rejects(checkVersion(db), {
    code: 'store_refused',
    message: /version 24\.8\.1\.1; 25\.6 or later/,
  })
  version = 'hello'
  await assert.rejects(checkVersion(db), { code: 'store_refused', message: /no ClickHouse/ })
  version = '26.7.1.1'
  await checkVersion(db)
})
