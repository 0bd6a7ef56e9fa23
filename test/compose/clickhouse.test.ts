import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { startComposeClickHouse } from './clickhouse-server.ts'

test('the ClickHouse of the compose file: who may do what, without naming the database', async (t) => {
  // ClickHouse reads the variable as XML: only < and & are not possible, as docs/compose.md says.
  const password = `of the "test's" > none; other`
  const url = await startComposeClickHouse(t, password)
  const db = new Database({ endpoint: () => ({ url, user: 'millrace', password, database: 'millrace' }) })
  t.after(() => db.close())
  await migrate(db)

  const asked = await fetch(`${url}/?query=SELECT+count()+FROM+page_views_raw`)
  assert.equal(await asked.text(), '0\n', 'a client inside the container needs neither user nor database')
  const wrong = await fetch(`${url}/?query=SELECT+1&user=millrace&password=wrong`)
  assert.equal(wrong.status, 403)
  const hosts = await db.query(
    "SELECT host_ip, host_names, host_names_regexp, host_names_like FROM system.users WHERE name = 'default'",
  )
  // ClickHouse shows 127.0.0.1 and ::1 under this name.
  const thisMachine = { host_ip: [], host_names: ['localhost'], host_names_regexp: [], host_names_like: [] }
  assert.deepEqual(hosts, [thisMachine], 'nobody else gets in without a password')
})
