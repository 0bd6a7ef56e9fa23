import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { sliceStart } from '../../src/rollup/levels.ts'
import { RollUp } from '../../src/rollup/rollup.ts'
import { windowToMark } from '../../src/rollup/source.ts'
import { readStale } from '../../src/rollup/windows.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { commandEverywhere } from '../../src/store/everywhere.ts'
import { applyRetention, type Retention } from '../../src/store/retention.ts'
import { blocksOf, type PageViewRow } from '../helpers/page-view-rows.ts'
import { pageViewRow, uuidOf } from '../store/events.ts'
import { storeFixture, tries, truncate } from '../store/fixture.ts'
import { type Counts, expected, type FoundCounts, found, LEVEL_LIST, payloadHashes } from './expected.ts'

const store = storeFixture()
const FOR_EVER = { rawTtlDays: 0, minuteTtlDays: 0 }

interface Parts {
  readonly db: Database
  readonly store: ClickHouseStore
  readonly rollUp: RollUp
  readonly retention: Retention
}

async function partsOf(db: Database, settings = FOR_EVER): Promise<Parts> {
  const retention = await applyRetention(db, settings, Date.now())
  return {
    db,
    retention,
    store: new ClickHouseStore({
      db,
      windowToMark: (startMs) => windowToMark(startMs, Date.now(), retention),
    }),
    rollUp: new RollUp({ db, retention }),
  }
}

/** As the consumer's flush does it. */
async function flush({ store }: Parts, rows: readonly PageViewRow[]): Promise<void> {
  await store.insertPageViews(blocksOf(rows))
  await store.markStale([...new Set(rows.map(({ view }) => sliceStart(view.timestampMs)))])
}

async function assertExact(
  db: Database,
  rows: readonly PageViewRow[],
  without: readonly string[] = [],
): Promise<void> {
  const hashes = await payloadHashes(db)
  for (const level of LEVEL_LIST) {
    if (without.includes(level)) continue
    const want = expected(level, rows, hashes)
    const have = await found(db, level)
    assertSame(have.pages, want.pages, `${level} by page`)
    assertSame(have.breakdowns, want.breakdowns, `${level} by dimension`)
  }
}

function assertSame(have: FoundCounts, want: Counts, what: string): void {
  const plain = (
    counts: Iterable<[string, { views: number; duration: number; bounces: number; users: number }]>,
  ) => [...counts].map(([key, { views, duration, bounces, users }]) => [key, views, duration, bounces, users])
  assert.deepEqual(plain(have), plain(want), what)
  for (const [key, { p50, p95 }] of have) {
    const { durations } = want.get(key)!
    assertQuantile(p50, durations, 0.5, `${what} ${key} p50`)
    assertQuantile(p95, durations, 0.95, `${what} ${key} p95`)
  }
}

/** Within 1 % of one of the values that stand where the quantile falls. */
function assertQuantile(actual: number, sorted: readonly number[], share: number, what: string): void {
  const at = share * (sorted.length - 1)
  const near = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  assert.ok(
    near.some((value) => Math.abs(actual - value) <= value * 0.011 + 1e-9),
    `${what}: ${actual}, expected ${near.join(' or ')}`,
  )
}

/** Around a moment, so that the same windows are hit again and again, with few pages, users and keys. */
function anyEvents(aroundMs: number, spreadMs: number): fc.Arbitrary<PageViewRow[]> {
  const event = fc.record({
    key: fc.integer({ min: 0, max: 60 }),
    pageId: fc.constantFrom('/', '/a', '/b', 'ü', 'Z'),
    userId: fc.integer({ min: 0, max: 12 }).map((n) => `u-${n}`),
    durationMs: fc.oneof(fc.integer({ min: 0, max: 600_000 }), fc.constant(0), fc.constant(86_400_000)),
    timestampMs: fc.integer({ min: -spreadMs, max: spreadMs }).map((by) => aroundMs + by),
    region: fc.constantFrom('EU', 'US', ''),
    isBounce: fc.boolean(),
  })
  return fc
    .array(event, { minLength: 1, maxLength: 120 })
    .map((events) =>
      events.map(({ key, ...view }, offset) => pageViewRow({ eventId: uuidOf(key), offset, view })),
    )
}

const anyBatches = (aroundMs: number, spreadMs: number) =>
  fc.record({
    rows: anyEvents(aroundMs, spreadMs),
    // Which rows each flush takes: repeats, redeliveries in another grouping, and whether a roll-up follows.
    flushes: fc.array(
      fc.record({ from: fc.nat(120), count: fc.integer({ min: 1, max: 60 }), rollUp: fc.boolean() }),
      {
        maxLength: 8,
      },
    ),
  })

for (const [name, around, spread, without] of [
  ['now', () => Date.now(), 20_000, []],
  ['some hours ago', () => Date.now() - 3 * 3_600_000, 3_600_000, ['slice']],
  ['years ago', () => Date.UTC(2015, 4, 17, 23, 59), 2 * 86_400_000, ['slice']],
] as const) {
  test(`any events of ${name}, in any flushes: every level equals a plain count`, async (t) => {
    const parts = await partsOf(await store.database(t))
    const tables = await parts.db.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name LIKE 'page_views%'",
    )
    await fc.assert(
      fc.asyncProperty(anyBatches(around(), spread), async ({ rows, flushes }) => {
        for (const table of tables) await commandEverywhere(parts.db, `TRUNCATE TABLE ${table.name}`)
        const order = [...flushes, { from: 0, count: rows.length, rollUp: true }]
        for (const { from, count, rollUp } of order) {
          const some = rows.slice(from % rows.length).slice(0, count)
          await flush(parts, some)
          if (rollUp) await parts.rollUp.run()
        }
        await assertExact(parts.db, rows, without)
      }),
      { numRuns: tries(12) },
    )
  })
}

test('a conflict counts once in its slice, whichever came first', async (t) => {
  const view = { timestampMs: Date.now() - 60_000 }
  const one = pageViewRow({ eventId: uuidOf(1), offset: 1, view: { ...view, pageId: '/b', durationMs: 1 } })
  const two = pageViewRow({ eventId: uuidOf(1), offset: 2, view: { ...view, pageId: '/a', durationMs: 2 } })
  for (const order of [
    [one, two],
    [two, one],
  ]) {
    const parts = await partsOf(await store.database(t))
    for (const row of order) {
      await flush(parts, [row])
      await parts.rollUp.run()
    }
    const pages = await parts.db.query('SELECT page_id, view_count FROM page_views_minute_v ORDER BY page_id')
    assert.deepEqual(pages, [{ page_id: '/a', view_count: 1 }])
  }
})

test('two roll-ups at once, while rows come: nothing is lost or doubled', async (t) => {
  const parts = await partsOf(await store.database(t))
  const other = new RollUp({ db: parts.db, retention: parts.retention })
  const now = Date.now()
  const rows = Array.from({ length: 2_000 }, (_, i) =>
    pageViewRow({
      eventId: uuidOf(i),
      offset: i,
      view: { timestampMs: now - (i % 90) * 1_000, pageId: `/p${i % 7}`, userId: `u${i % 100}` },
    }),
  )
  let flushing = true
  const rollUps = [parts.rollUp, other].map(async (rollUp) => {
    while (flushing) await rollUp.run()
  })
  for (let i = 0; i < rows.length; i += 100) await flush(parts, rows.slice(i, i + 100))
  flushing = false
  await Promise.all(rollUps)
  await Promise.all([parts.rollUp.runToEnd(), other.runToEnd()])
  await assertExact(parts.db, rows)
})

test('a process that ends at any step leaves work that another one finishes', async (t) => {
  const now = Date.now()
  const rows = Array.from({ length: 100 }, (_, i) =>
    pageViewRow({ eventId: uuidOf(i), offset: i, view: { timestampMs: now - i * 1_000 } }),
  )
  for (let steps = 0; ; steps++) {
    const db = await store.database(t)
    const parts = await partsOf(db)
    await flush(parts, rows)
    const ended = endingAfter(db, steps)
    const early = new RollUp({ db: ended.db, retention: parts.retention })
    const failed = await early.run().then(
      () => false,
      () => true,
    )
    await flush(parts, rows.slice(0, 10))
    await new RollUp({ db, retention: parts.retention }).run()
    await assertExact(db, rows)
    if (!failed) break
  }
})

/** The database, for a process that ends after so many requests that change something. */
function endingAfter(db: Database, steps: number): { db: Database } {
  let left = steps
  const step = (): void => {
    if (left-- === 0) throw new Error('the process has ended')
  }
  return {
    db: new Proxy(db, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as (...args: unknown[]) => Promise<unknown>
        if (typeof method !== 'function') return method
        if (name !== 'command' && name !== 'insert') return method.bind(target)
        return async (...args: unknown[]) => {
          step()
          return method.apply(target, args)
        }
      },
    }),
  }
}

test('what has expired is left as it was computed', async (t) => {
  const db = await store.database(t)
  const before = await partsOf(db)
  const old = pageViewRow({ eventId: uuidOf(1), view: { timestampMs: Date.now() - 40 * 86_400_000 } })
  await flush(before, [old])
  await before.rollUp.run()
  const hours = 'SELECT sum(view_count) AS views FROM page_views_agg_hour FINAL'
  assert.deepEqual(await db.query(hours), [{ views: 1 }])

  await applyRetention(db, { rawTtlDays: 30, minuteTtlDays: 7 }, Date.now())
  await truncate(db, 'page_views_raw')
  const after = await partsOf(db, FOR_EVER)
  await flush(after, [{ ...old, eventId: uuidOf(2) }])
  await after.rollUp.runToEnd()
  assert.deepEqual(await db.query(hours), [{ views: 1 }])
  const { levels } = await readStale(db)
  assert.deepEqual([levels.slice.windows, levels.minute.windows, levels.hour.windows], [0, 0, 0])

  const older = pageViewRow({ eventId: uuidOf(3), view: { timestampMs: Date.UTC(2015, 0, 1) } })
  await flush(after, [older])
  await after.rollUp.runToEnd()
  assert.deepEqual(await db.query(hours), [{ views: 2 }])
})

test('many windows of history are computed in few statements', async (t) => {
  const parts = await partsOf(await store.database(t))
  const rows = Array.from({ length: 20_000 }, (_, i) =>
    pageViewRow({
      eventId: uuidOf(i),
      offset: i,
      view: { timestampMs: Date.UTC(2015, 0, 1) + i * 3 * 3_600_000 * 0.1, pageId: `/p${i % 3}` },
    }),
  )
  await flush(parts, rows)
  await parts.rollUp.runToEnd()
  await assertExact(parts.db, rows, ['slice'])
})

test('slices that were marked a moment ago can be left for later, unless they have been stale for long', async (t) => {
  const parts = await partsOf(await store.database(t))
  const old = pageViewRow({ eventId: uuidOf(1), view: { timestampMs: Date.now() - 60_000 } })
  const fresh = pageViewRow({ eventId: uuidOf(2), view: { timestampMs: Date.now() } })
  await flush(parts, [old])
  await sleep(1_100)
  await flush(parts, [fresh])
  const views = async (): Promise<number> => {
    const [row] = await parts.db.query<{ n: number }>(
      'SELECT sum(view_count) AS n FROM page_views_slice FINAL',
    )
    return row!.n
  }
  const { left } = await parts.rollUp.run((level) => level === 'slice', {
    changedWithinMs: 1_000,
    forAtMostMs: 60_000,
  })
  assert.equal(await views(), 1)
  assert.equal(left.levels.slice.windows, 1)
  await flush(parts, [fresh])
  const { tookMs } = await parts.rollUp.run((level) => level === 'slice', {
    changedWithinMs: 60_000,
    forAtMostMs: 60_000,
  })
  assert.equal(await views(), 1)
  assert.ok(tookMs.slice !== undefined, 'it was looked at')
  await parts.rollUp.run((level) => level === 'slice', { changedWithinMs: 60_000, forAtMostMs: 0 })
  assert.equal(await views(), 2)
  await parts.rollUp.runToEnd()
  await assertExact(parts.db, [old, fresh])
})

test('a run tells about how many events its slices had', async (t) => {
  const parts = await partsOf(await store.database(t))
  const rows = Array.from({ length: 1_000 }, (_, n) =>
    pageViewRow({ eventId: uuidOf(n), view: { timestampMs: Date.now() - 10_000 } }),
  )
  await flush(parts, rows)
  const { eventsRead } = await parts.rollUp.run()
  assert.ok(eventsRead >= 1_000 && eventsRead < 1_100, `${eventsRead}`)
  assert.equal((await parts.rollUp.run()).eventsRead, 0)
})
