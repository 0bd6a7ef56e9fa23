import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RollUp } from '../../src/rollup/rollup.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import { Database } from '../../src/store/database.ts'
import { ddlFor } from '../../src/store/ddl.ts'
import { StoreError } from '../../src/store/errors.ts'
import { checkSchema, migrate, readMigrations } from '../../src/store/migrate.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { startTestCluster, type TestCluster } from '../helpers/cluster.ts'
import { blocksOf } from '../helpers/page-view-rows.ts'
import { eventually } from '../helpers/wait.ts'
import { pageViewRow, uuidOf } from '../store/events.ts'

const SHARDS = 3
const DATABASE = 'on_shards'
const FOR_EVER = { rawTtlDays: 0, minuteTtlDays: 0 }

let servers: TestCluster
let db: Database

before(async () => {
  servers = await startTestCluster(SHARDS)
  db = on(0)
  await migrate(db)
})
after(async () => {
  await db.close()
  await servers.close()
})

/** The cluster, by way of one of its servers. */
function on(server: number): Database {
  return new Database({
    endpoint: () => ({ ...servers.endpoints[server]!, database: DATABASE }),
    cluster: servers.cluster,
  })
}

/** What one server holds by itself. */
async function alone<Row>(server: number, sql: string): Promise<Row[]> {
  const one = new Database({ endpoint: () => ({ ...servers.endpoints[server]!, database: DATABASE }) })
  return one.query<Row>(sql).finally(() => one.close())
}

function storeOf(database: Database): ClickHouseStore {
  return new ClickHouseStore({
    db: database,
    windowToMark: (startMs) => ({ level: 'slice', startMs }),
  })
}

const EVENTS = 3_000
const SLICE_MS = Math.floor(Date.now() / 5_000) * 5_000 - 60_000
const rows = Array.from({ length: EVENTS }, (_, i) =>
  pageViewRow({
    eventId: uuidOf(i),
    offset: i,
    view: { timestampMs: SLICE_MS + (i % 5_000), pageId: `/p${i % 40}` },
  }),
)

test('every server gets every table, once, and one that was added gets what it lacks', async () => {
  assert.deepEqual(await migrate(db), [])
  const tables = (server: number): Promise<unknown[]> =>
    alone(server, 'SELECT name, engine FROM system.tables WHERE database = currentDatabase() ORDER BY name')
  const first = await tables(0)
  assert.ok(first.length > 20)
  for (let server = 1; server < SHARDS; server++) assert.deepEqual(await tables(server), first)

  const third = new Database({ endpoint: () => ({ ...servers.endpoints[2]!, database: DATABASE }) })
  await third.command(`DROP DATABASE ${DATABASE} SYNC`)
  await third.close()
  assert.deepEqual(await migrate(db), [], 'no file is new')
  assert.deepEqual(await tables(2), first)
  for (let server = 0; server < SHARDS; server++) {
    const other = on(server)
    await checkSchema(other)
    await other.close()
  }
})

test('events are spread; every repeat of one lies on one shard, through whichever server it came', async () => {
  for (let server = 0; server < SHARDS; server++) {
    const other = on(server)
    await storeOf(other).insertPageViews(blocksOf(rows.slice(server * 500)))
    await other.close()
  }
  const perShard: string[][] = []
  for (let server = 0; server < SHARDS; server++) {
    const found = await alone<{ id: string }>(
      server,
      'SELECT DISTINCT toString(event_id) AS id FROM page_views_raw_local',
    )
    perShard.push(found.map(({ id }) => id))
  }
  const counts = perShard.map((ids) => ids.length)
  for (const count of counts) assert.ok(count > EVENTS / SHARDS / 2, `spread as ${counts}`)
  assert.equal(
    counts.reduce((a, b) => a + b),
    EVENTS,
  )
  assert.equal(new Set(perShard.flat()).size, EVENTS)
  assert.deepEqual(await db.query('SELECT count() AS views FROM page_views'), [{ views: EVENTS }])
})

test('each shard rolls up its own events; rows of one key lie on one shard', async () => {
  await storeOf(db).markStale([SLICE_MS])
  const retention = await applyRetention(db, FOR_EVER, Date.now())
  await new RollUp({ db, retention }).runToEnd()
  // Once more, through another server: every row is replaced where it lies.
  const other = on(1)
  await storeOf(other).markStale([SLICE_MS])
  await new RollUp({ db: other, retention }).runToEnd()
  await other.close()
  for (const table of ['page_views_slice', 'page_views_agg_minute', 'page_views_agg_hour']) {
    const [found] = await db.query(
      `SELECT sum(view_count) AS views, count() AS pages, uniqExact(page_id) AS different FROM ${table} FINAL`,
    )
    assert.deepEqual(found, { views: EVENTS, pages: 40, different: 40 }, table)
  }
  const shards = await Promise.all(
    servers.endpoints.map((_, server) =>
      alone<{ pages: number }>(server, 'SELECT uniqExact(page_id) AS pages FROM page_views_agg_minute_local'),
    ),
  )
  assert.equal(
    shards.reduce((sum, [found]) => sum + found!.pages, 0),
    40,
  )
  for (const [found] of shards) assert.ok(found!.pages > 0)
})

test('marks are on the first shard, all of them: a block of them is seen whole or not at all', async () => {
  for (let server = 0; server < SHARDS; server++) {
    const [found] = await alone<{ rows: number }>(server, 'SELECT count() AS rows FROM rollup_windows_local')
    assert.equal(found!.rows > 0, server === 0, `server ${server}`)
  }
})

test('a TTL reaches every server, also one that an earlier change did not reach', async () => {
  const ttls = async (): Promise<string[]> =>
    (
      await Promise.all(
        servers.endpoints.map((_, server) =>
          alone<{ ttl: string }>(
            server,
            `SELECT extract(engine_full, 'TTL .*toIntervalDay\\((\\d+)\\)') AS ttl FROM system.tables
             WHERE database = currentDatabase() AND name = 'page_views_raw_local'`,
          ),
        ),
      )
    ).map(([row]) => row!.ttl)
  await applyRetention(db, { rawTtlDays: 30, minuteTtlDays: 7 }, Date.now())
  assert.deepEqual(await ttls(), ['30', '30', '30'])

  const second = new Database({ endpoint: () => ({ ...servers.endpoints[1]!, database: DATABASE }) })
  await second.command('ALTER TABLE page_views_raw_local MODIFY TTL toDateTime(event_time) + INTERVAL 20 DAY')
  const { raw } = await applyRetention(db, { rawTtlDays: 30, minuteTtlDays: 7 }, Date.now())
  assert.deepEqual(await ttls(), ['30', '30', '30'])
  assert.equal(raw.gaps.length, 0, 'nothing is that old')
  await second.command('ALTER TABLE page_views_raw_local REMOVE TTL')
  await second.close()
  await applyRetention(db, FOR_EVER, Date.now())
  assert.deepEqual(await ttls(), ['', '', ''])
})

test('a shard that is away is an error that heals, never a smaller number', async () => {
  const late = rows.map((row) => ({ ...row, eventId: uuidOf(EVENTS + row.offset) }))
  await servers.stop(2)
  const heals = (error: unknown): boolean => error instanceof StoreError && error.code === 'store_unavailable'
  await assert.rejects(db.query('SELECT count() FROM page_views_raw'), heals)
  await assert.rejects(storeOf(db).insertPageViews(blocksOf(late)), heals)
  await servers.start(2)
  await eventually('the whole cluster', () => db.query('SELECT count() FROM page_views_raw'))
  await storeOf(db).insertPageViews(blocksOf(late))
  assert.deepEqual(await db.query('SELECT count() AS views FROM page_views'), [{ views: 2 * EVENTS }])
})

test('a cluster that the server does not know, or knows otherwise, is refused with what to do', async () => {
  for (const [cluster, message] of [
    [{ ...servers.cluster, name: 'other' }, /knows no cluster other/],
    [{ ...servers.cluster, replicated: true }, /internal_replication/],
    [{ ...servers.cluster, serverUrls: servers.cluster.serverUrls.slice(1) }, /has 3 shards, .* names 2/],
  ] as const) {
    const wrong = new Database({ endpoint: () => servers.endpoints[0]!, cluster })
    await assert.rejects(wrong.ping(), { code: 'store_refused', message })
    await wrong.close()
  }
})

test("ClickHouse's parser takes what is generated for replicas, which cannot run here", async () => {
  const place = { database: DATABASE, cluster: { name: 'web', replicated: true, serverUrls: [] } }
  for (const { statements } of await readMigrations()) {
    for (const statement of statements.flatMap((one) => ddlFor(one, place))) {
      const [found] = await db.query<{ text: string }>('SELECT formatQuery({sql:String}) AS text', {
        params: { sql: statement },
      })
      assert.match(found!.text, /ON CLUSTER '?web/)
    }
  }
})
