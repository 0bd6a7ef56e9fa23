import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChecks } from '../../src/cli/doctor/check.ts'
import { clickhouseCheck } from '../../src/cli/doctor/checks/clickhouse.ts'
import { clickhouseRightsCheck } from '../../src/cli/doctor/checks/clickhouse-rights.ts'
import { clickhouseSchemaCheck } from '../../src/cli/doctor/checks/clickhouse-schema.ts'
import { clockCheck } from '../../src/cli/doctor/checks/clock.ts'
import { surroundingsOf } from '../../src/cli/doctor/surroundings.ts'
import { configWith } from '../../src/config/config.ts'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { sharedTestClickHouse } from '../helpers/clickhouse.ts'

const endpoint = sharedTestClickHouse()
const CHECKS = [clickhouseCheck, clickhouseSchemaCheck, clickhouseRightsCheck, clockCheck]

async function findings(settings: { clickhousePassword?: string; clickhouseUser?: string } = {}) {
  const { url, user, password, database } = endpoint()
  await using around = surroundingsOf(
    configWith({
      clickhouseUrl: url,
      clickhouseUser: user,
      clickhousePassword: password,
      clickhouseDatabase: database,
      ...settings,
    }),
  )
  return runChecks(CHECKS, around)
}

test('a wrong password: one failure that names the settings, and no more questions', async () => {
  const found = await findings({ clickhousePassword: 'not-the-Secret' })
  assert.deepEqual(
    found.map(({ name, state }) => [name, state]),
    [['ClickHouse', 'fail']],
  )
  assert.match(found[0]!.mend!, /MILLRACE_CLICKHOUSE_PASSWORD/)
  assert.doesNotMatch(JSON.stringify(found), /not-the-Secret/)
})

test('a server without tables is a warning, one with them is well, one that was not brought up to date a warning', async (t) => {
  const db = new Database({ endpoint })
  t.after(() => db.close())
  const [server, empty, mayMake, clock] = await findings()
  const [row] = await db
    .alone({ database: 'system' })
    .query<{ version: string }>('SELECT version() AS version')
  assert.deepEqual(server, {
    name: 'ClickHouse',
    state: 'ok',
    detail: `${endpoint().url} answers, version ${row!.version}`,
  })
  assert.equal(empty!.state, 'warn')
  assert.match(`${empty!.detail} ${empty!.mend}`, /has none yet .*-init-schema/)
  assert.deepEqual(mayMake, {
    name: 'ClickHouse rights',
    state: 'ok',
    detail: 'millrace may make the tables',
  })
  // One machine has one clock.
  assert.equal(clock!.state, 'ok')
  assert.match(clock!.detail, /ClickHouse agrees/)

  await migrate(db)
  const [, tables, rights] = await findings()
  assert.deepEqual([tables!.state, rights!.state], ['ok', 'ok'])
  assert.match(rights!.detail, /millrace may write/)

  await db.command(`DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)`)
  const [, older] = await findings()
  assert.equal(older!.state, 'warn')
  assert.match(older!.detail, /older than this program: \w+\.sql not applied/)
})

test('a user that may only read', async () => {
  const found = await findings({ clickhouseUser: 'reader', clickhousePassword: '' })
  const rights = found.find(({ name }) => name === 'ClickHouse rights')
  assert.equal(rights!.state, 'fail', JSON.stringify(found))
})
