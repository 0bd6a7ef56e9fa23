import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LEVELS, type Level, windowStart } from '../../src/rollup/levels.ts'
import { recompute } from '../../src/rollup/statements.ts'
import { AGGREGATE_TABLES } from '../../src/store/aggregate-tables.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { rowsTable } from '../../src/store/ddl.ts'
import { commandEverywhere } from '../../src/store/everywhere.ts'
import { blocksOf, type PageViewRow } from '../helpers/page-view-rows.ts'
import { seeded } from '../helpers/seed.ts'
import { pageViewRow, uuidOf } from '../store/events.ts'
import { storeFixture, tries, truncate } from '../store/fixture.ts'

const store = storeFixture()
/** So many rows that repeats are looked for first. */
const MANY = 1e9
const START = windowStart('hour', Date.now())

async function insert(db: Database, rows: readonly PageViewRow[]): Promise<void> {
  const target = new ClickHouseStore({ db, windowToMark: (startMs) => ({ level: 'slice', startMs }) })
  await target.insertPageViews(blocksOf(rows))
}

async function compute(
  db: Database,
  level: Level,
  starts: readonly number[],
  version: number,
  rows: number,
): Promise<void> {
  for (const { sql, settings = {} } of recompute(level, 'raw', starts, BigInt(version), rows, db.place)) {
    await db.command(sql, { settings })
  }
}

/** Everything that a computation wrote, states as their bytes. */
function written(db: Database, level: Level, version: number): Promise<unknown[]> {
  const { pages, breakdowns } = AGGREGATE_TABLES[level]
  const measures =
    'view_count, total_duration, bounce_count, finalizeAggregation(unique_users) AS users, finalizeAggregation(durations) AS durations'
  return db.query(`
    SELECT * FROM (
    SELECT toUnixTimestamp(window_start) AS start, 'page' AS dimension, toString(page_id) AS value, ${measures}
    FROM ${pages} WHERE version = ${version}
    UNION ALL
    SELECT toUnixTimestamp(window_start) AS start, toString(dimension) AS dimension, value, ${measures}
    FROM ${breakdowns} WHERE version = ${version}
    ) ORDER BY start, dimension, value`)
}

/** Another event_id whose halves are the same ones: looking for repeats must not take it for the first. */
function turn(id: string): string {
  const digits = id.replaceAll('-', '')
  const turned = digits.slice(16) + digits.slice(0, 16)
  return turned.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const anyRows = fc.array(
  fc
    .record({
      id: fc
        .tuple(fc.nat(30), fc.boolean())
        .map(([key, turned]) => (turned ? turn(uuidOf(key)) : uuidOf(key))),
      pageId: fc.constantFrom('/', '/a', '/b'),
      userId: fc.constantFrom('u-1', 'u-2', 'u-3'),
      durationMs: fc.nat(1_000),
      region: fc.constantFrom('EU', 'US', ''),
      timestampMs: fc.nat(20_000).map((ms) => START + ms),
    })
    .map(({ id, ...view }) => pageViewRow({ eventId: id, view })),
  { minLength: 1, maxLength: 80 },
)

for (const level of ['slice', 'minute', 'hour'] as const) {
  test(`a ${level} out of few and out of many events: the same, with repeats and conflicts`, async (t) => {
    const db = await store.database(t)
    let version = 0
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(80), async (rows, again) => {
        await truncate(db, 'page_views_raw')
        await insert(db, rows)
        await insert(db, rows.slice(0, again))
        const starts = [...new Set(rows.map(({ view }) => windowStart(level, view.timestampMs)))]
        version += 2
        // Read before the next computation: a merge keeps the later one only.
        await compute(db, level, starts, version, 0)
        const few = await written(db, level, version)
        await compute(db, level, starts, version + 1, MANY)
        assert.ok(few.length > 0)
        assert.deepEqual(await written(db, level, version + 1), few)
      }),
      seeded(t, tries(15)),
    )
  })
}

test('how many rows a slice had can be told from what its statement read, in both ways', async (t) => {
  const db = await store.database(t)
  const rows = Array.from({ length: 5_000 }, (_, i) =>
    pageViewRow({ eventId: uuidOf(i), offset: i, view: { timestampMs: START + (i % LEVELS.slice) } }),
  )
  await insert(db, rows)
  for (const many of [0, MANY]) {
    const [statement] = recompute('slice', 'raw', [START], 1n, many, db.place)
    const { sql, settings = {}, readings = 1 } = statement!
    const told = (await db.compute(sql, { settings })) / readings
    // What it writes is handed on to other tables, which is counted too.
    assert.ok(told >= rows.length && told < 1.1 * rows.length, `${told} rows of ${rows.length}`)
  }
})

test('repeats that come while a window is computed are not counted', async (t) => {
  const db = await store.database(t)
  const events = 2_000
  const rows = Array.from({ length: events }, (_, i) =>
    pageViewRow({ eventId: uuidOf(i), offset: i, view: { timestampMs: START + (i % LEVELS.slice) } }),
  )
  await insert(db, rows)
  const stop = new AbortController()
  const repeating = Array.from({ length: 3 }, async (_, seed) => {
    for (let n = seed * 11; !stop.signal.aborted; n = (n + 37) % (events - 50))
      await insert(db, rows.slice(n, n + 50))
  })
  // Rows are told by the part that they lie in, and merged parts are others.
  const merging = (async () => {
    while (!stop.signal.aborted)
      await commandEverywhere(db, `OPTIMIZE TABLE ${rowsTable('page_views_raw', db.place)}`)
  })()
  try {
    for (let version = 1; version <= tries(100); version++) {
      await compute(db, 'slice', [START], version, MANY)
      const [found] = await db.query(
        `SELECT sum(view_count) AS views FROM page_views_slice WHERE version = ${version}`,
      )
      assert.deepEqual(found, { views: events }, `computation ${version}`)
    }
  } finally {
    stop.abort()
    await Promise.all([...repeating, merging])
  }
})
