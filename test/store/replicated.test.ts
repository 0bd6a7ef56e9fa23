import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import type { Place } from '../../src/store/ddl.ts'
import { migrate, readMigrations } from '../../src/store/migrate.ts'
import { applyRetention } from '../../src/store/retention.ts'

const PLACE: Place = { database: 'millrace', cluster: { name: 'web', replicated: true, serverUrls: [] } }

/** A cluster with Keeper, as far as it is what is said to it: it answers what the test says, and remembers what changes something. */
function fakeCluster(answer: (sql: string) => unknown[]): { db: Database; commands: string[] } {
  const commands: string[] = []
  const db = {
    name: PLACE.database,
    place: PLACE,
    alone: () => ({ ...db, close: async () => {} }),
    query: async (sql: string) => answer(sql),
    command: async (sql: string) => void commands.push(sql),
  }
  return { db: db as unknown as Database, commands }
}

test('with Keeper every statement is said once, for all servers', async () => {
  const { db, commands } = fakeCluster((sql) => {
    if (sql.includes('system.databases')) return [{ everywhere: 0 }]
    if (sql.includes('system.tables')) return [{ complete: 1 }]
    return []
  })
  const files = await readMigrations()
  assert.deepEqual(
    await migrate(db),
    files.map(({ name }) => name),
  )
  assert.equal(commands[0], "CREATE DATABASE IF NOT EXISTS millrace ON CLUSTER 'web'")
  const ddl = commands.filter((sql) => !sql.startsWith('INSERT INTO schema_migrations'))
  assert.equal(commands.length - ddl.length, files.length)
  for (const sql of ddl) assert.match(sql, / ON CLUSTER 'web'/)
  assert.equal(new Set(ddl).size, ddl.length)
})

test('a server that lacks tables gets every file again, and nothing is recorded twice', async () => {
  const files = await readMigrations()
  const { db, commands } = fakeCluster((sql) => {
    if (sql.includes('system.databases')) return [{ everywhere: 1 }]
    if (sql.includes('system.tables')) return [{ complete: 0 }]
    return files.map(({ number, name, checksum }) => ({ number, name, checksum }))
  })
  assert.deepEqual(await migrate(db), [])
  assert.ok(
    commands.some((sql) =>
      sql.startsWith("CREATE TABLE IF NOT EXISTS page_views_raw_local ON CLUSTER 'web'"),
    ),
  )
  assert.ok(!commands.some((sql) => sql.startsWith('INSERT') || sql.startsWith('CREATE DATABASE')))
})

test('a TTL is changed in the tables that hold rows, on all servers', async () => {
  const { db, commands } = fakeCluster((sql) =>
    sql.includes('system.tables')
      ? [
          {
            name: 'page_views_raw_local',
            engine_full: 'ReplicatedReplacingMergeTree TTL toDateTime(event_time) + toIntervalDay(10)',
          },
          { name: 'page_views_raw_local', engine_full: 'ReplicatedReplacingMergeTree' },
          { name: 'processing_errors_local', engine_full: 'ReplicatedReplacingMergeTree(version)' },
        ]
      : [],
  )
  await applyRetention(db, { rawTtlDays: 0, minuteTtlDays: 7 }, Date.UTC(2026, 10, 23))
  const alters = commands.filter((sql) => sql.startsWith('ALTER'))
  assert.deepEqual(alters, [
    "ALTER TABLE page_views_raw_local ON CLUSTER 'web' MODIFY TTL toDateTime(event_time) + INTERVAL 10 DAY",
    "ALTER TABLE page_views_raw_local ON CLUSTER 'web' REMOVE TTL",
    "ALTER TABLE page_views_agg_minute_local ON CLUSTER 'web' MODIFY TTL toDateTime(window_start) + INTERVAL 7 DAY",
    "ALTER TABLE page_views_breakdown_minute_local ON CLUSTER 'web' MODIFY TTL toDateTime(window_start) + INTERVAL 7 DAY",
  ])
  assert.ok(
    commands.some((sql) => sql.includes('INSERT INTO retention_gaps')),
    'rows may have expired on one of them',
  )
})
