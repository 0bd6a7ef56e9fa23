import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { listGaps } from '../../src/store/gaps.ts'
import { blocksOf, type PageViewRow, rowsOf } from '../helpers/page-view-rows.ts'
import { anyText, pageViewRow, uuidOf } from './events.ts'
import { storeFixture, tries, truncate } from './fixture.ts'

const store = storeFixture()
const DAY_MS = 86_400_000

function storeOf(db: Database): ClickHouseStore {
  return new ClickHouseStore({ db, windowToMark: (startMs) => ({ level: 'slice', startMs }) })
}

const anyRow: fc.Arbitrary<PageViewRow> = fc.record({
  eventId: fc.uuid(),
  partition: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  offset: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  view: fc.record({
    pageId: anyText,
    userId: anyText,
    durationMs: fc.integer({ min: 0, max: 86_400_000 }),
    timestampMs: fc.integer({ min: 0, max: Date.UTC(2105, 0) }),
    userAgent: anyText,
    ipAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
    region: anyText,
    isBounce: fc.boolean(),
  }),
})

test('every field of a page view comes back as it was', async (t) => {
  const db = await store.database(t)
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 40 }), async (rows) => {
      await truncate(db, 'page_views_raw')
      await storeOf(db).insertPageViews(blocksOf(rows))
      const found = await db.query(`
        SELECT toString(event_id) AS eventId, kafka_partition AS partition, kafka_offset AS offset,
          hex(page_id) AS pageId, hex(user_id) AS userId, duration_ms AS durationMs,
          toUnixTimestamp64Milli(event_time) AS timestampMs, hex(user_agent) AS userAgent, hex(region) AS region,
          is_bounce AS isBounce, toUnixTimestamp(slice) * 1000 AS slice, toString(event_date) AS date
        FROM page_views_raw ORDER BY kafka_partition, kafka_offset, event_id`)
      const hex = (text: string): string => Buffer.from(text.toWellFormed()).toString('hex').toUpperCase()
      assert.deepEqual(
        found,
        rows
          .map(({ eventId, partition, offset, view }) => ({
            eventId,
            partition,
            offset,
            pageId: hex(view.pageId),
            userId: hex(view.userId),
            durationMs: view.durationMs,
            timestampMs: view.timestampMs,
            userAgent: hex(view.userAgent),
            region: hex(view.region),
            isBounce: view.isBounce,
            slice: Math.floor(view.timestampMs / 5_000) * 5_000,
            date: new Date(view.timestampMs).toISOString().slice(0, 10),
          }))
          .sort(
            (a, b) => a.partition - b.partition || a.offset - b.offset || (a.eventId < b.eventId ? -1 : 1),
          ),
      )
    }),
    { numRuns: tries(25) },
  )
})

test('addresses are kept as IPv6: IPv4 mapped, none as ::', async (t) => {
  const db = await store.database(t)
  const addresses = ['203.0.113.9', '2001:db8::1', '', '::ffff:1.2.3.4', 'fe80:0:0:0:0:0:0:a']
  await storeOf(db).insertPageViews(
    blocksOf(
      addresses.map((ipAddress, i) => pageViewRow({ eventId: uuidOf(i), offset: i, view: { ipAddress } })),
    ),
  )
  const rows = await db.query<{ ip: string }>(
    'SELECT toString(ip_address) AS ip FROM page_views_raw ORDER BY kafka_offset',
  )
  assert.deepEqual(
    rows.map(({ ip }) => ip),
    ['::ffff:203.0.113.9', '2001:db8::1', '::', '::ffff:1.2.3.4', 'fe80::a'],
  )
})

test('raw is a set: the same rows in any grouping are there once, and a conflict stays twice', async (t) => {
  const db = await store.database(t)
  const rows = Array.from({ length: 50 }, (_, i) => pageViewRow({ eventId: uuidOf(i), offset: i }))
  const conflict = pageViewRow({ eventId: uuidOf(7), view: { durationMs: 1 } })
  await storeOf(db).insertPageViews(blocksOf(rows))
  await storeOf(db).insertPageViews(blocksOf(rows.slice(10, 30)))
  await storeOf(db).insertPageViews(blocksOf([...rows.slice(25), conflict]))
  const [found] = await db.query('SELECT count() AS rows, uniqExact(event_id) AS events FROM page_views')
  assert.deepEqual(found, { rows: 51, events: 50 })
})

test('years of history go in at once', async (t) => {
  const db = await store.database(t)
  const rows = Array.from({ length: 1_000 }, (_, i) =>
    pageViewRow({ eventId: uuidOf(i), view: { timestampMs: Date.UTC(2015, 0, 1) + i * DAY_MS } }),
  )
  await storeOf(db).insertPageViews(blocksOf(rows))
  assert.deepEqual(await db.query('SELECT count() AS rows FROM page_views_raw'), [{ rows: 1_000 }])
})

test('rows are split by days without losing one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 600, minLength: 1 }), (days) => {
      const rows = days.map((day, i) =>
        pageViewRow({ eventId: uuidOf(i), offset: i, view: { timestampMs: day * DAY_MS + i } }),
      )
      const blocks = blocksOf(rows)
      assert.deepEqual(rowsOf(blocks), rows)
      for (const block of blocks) {
        const distinct = new Set(rowsOf([block]).map(({ view }) => Math.floor(view.timestampMs / DAY_MS)))
        assert.ok(distinct.size >= 1 && distinct.size <= 100)
      }
    }),
    { numRuns: tries(30) },
  )
})

test('marks are durable and merge by their highest counter', async (t) => {
  const db = await store.database(t)
  const one = storeOf(db)
  await one.markStale([5_000, 10_000, 5_000])
  await one.markStale([5_000])
  await storeOf(db).markStale([5_000])
  await one.markStale([])
  const rows = await db.query(`
    SELECT toUnixTimestamp(window_start) AS start, groupArraySorted(9)(m) AS marked FROM (
      SELECT window_start, writer, max(marked) AS m FROM rollup_windows GROUP BY window_start, writer)
    GROUP BY start ORDER BY start`)
  assert.deepEqual(rows, [
    { start: 5, marked: [1, 2] },
    { start: 10, marked: [1] },
  ])
})

test('gaps of the log come back as they were, each once', async (t) => {
  const db = await store.database(t)
  const gaps = [
    { partition: 0, expected: 3, resumedAt: 2 ** 40 },
    { partition: 1, expected: 7, resumedAt: 0, formerEnd: 9 },
    { partition: 2, expected: 7, resumedAt: 0 },
  ]
  await storeOf(db).insertGaps('page-views', gaps)
  await storeOf(db).insertGaps('page-views', gaps)
  await storeOf(db).insertGaps('others', [gaps[0]!])
  const found = await listGaps(db, 'page-views')
  const plain = found.map(({ foundAt: _, ...gap }) => gap)
  assert.deepEqual(
    plain.sort((a, b) => a.partition - b.partition),
    gaps,
  )
  assert.ok(found.every(({ foundAt }) => Math.abs(Date.parse(foundAt) - Date.now()) < 3_600_000))
})
