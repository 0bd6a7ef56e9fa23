import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sliceStart } from '../../src/rollup/levels.ts'
import { RollUp } from '../../src/rollup/rollup.ts'
import { windowToMark } from '../../src/rollup/source.ts'
import { type AggregatesContext, queryAggregates, resolutionFor } from '../../src/store/aggregates.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { blocksOf, type PageViewRow } from '../helpers/page-view-rows.ts'
import { pageViewRow, uuidOf } from './events.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()
const HOUR_MS = 3_600_000
/** Long enough ago that no clock stands in the way. */
const NOON = Date.UTC(2026, 0, 10, 12)
const CONTEXT: AggregatesContext = {
  nowMs: NOON + HOUR_MS,
  minutesKeptMs: Number.POSITIVE_INFINITY,
  freshAsOfMs: { minute: NOON + 5, hour: NOON + 3 },
}

async function filled(t: import('node:test').TestContext, rows: readonly PageViewRow[]): Promise<Database> {
  const db = await store.database(t)
  const retention = await applyRetention(db, { rawTtlDays: 0, minuteTtlDays: 0 }, Date.now())
  const target = new ClickHouseStore({ db, windowToMark: (s) => windowToMark(s, Date.now(), retention) })
  await target.insertPageViews(blocksOf(rows))
  await target.markStale(rows.map(({ view }) => sliceStart(view.timestampMs)))
  await new RollUp({ db, retention }).runToEnd()
  return db
}

/** Views at a number of seconds after noon. */
function view(n: number, seconds: number, changes: Partial<PageViewRow['view']> = {}): PageViewRow {
  return pageViewRow({
    eventId: uuidOf(n),
    offset: n,
    view: { timestampMs: NOON + seconds * 1_000, userId: `u${n}`, durationMs: 1_000, ...changes },
  })
}

const ZERO = {
  view_count: 0,
  unique_users: 0,
  bounce_count: 0,
  bounce_rate: 0,
  avg_duration_ms: 0,
  p50_duration_ms: 0,
  p95_duration_ms: 0,
}

test('nothing there: zeros and empty lists', async (t) => {
  const db = await filled(t, [])
  const answer = await queryAggregates(db, { fromMs: NOON, toMs: NOON + HOUR_MS, limit: 100 }, CONTEXT)
  assert.deepEqual(answer, {
    from: '2026-01-10T12:00:00.000Z',
    to: '2026-01-10T13:00:00.000Z',
    resolution: 'minute',
    fresh_as_of: '2026-01-10T12:00:00.005Z',
    totals: ZERO,
    pages_total: 0,
    pages: [],
    regions: [],
    series: [],
  })
})

test('totals, pages, regions and series', async (t) => {
  const db = await filled(t, [
    view(1, 0, { pageId: '/b', durationMs: 1_000, isBounce: true }),
    view(2, 1, { pageId: '/b', durationMs: 3_000, userId: 'u1' }),
    view(3, 61, { pageId: '/a', durationMs: 2_000, region: 'US' }),
    view(4, 62, { pageId: '/a', durationMs: 2_000, region: '' }),
    view(5, 3_600, { pageId: '/later' }),
  ])
  const query = { fromMs: NOON, toMs: NOON + HOUR_MS, limit: 100 }
  for (const resolution of ['minute', 'hour'] as const) {
    const answer = await queryAggregates(db, { ...query, resolution }, CONTEXT)
    const { p50_duration_ms: p50, p95_duration_ms: p95, ...totals } = answer.totals
    assert.deepEqual(totals, {
      view_count: 4,
      unique_users: 3,
      bounce_count: 1,
      bounce_rate: 0.25,
      avg_duration_ms: 2_000,
    })
    assert.ok(Math.abs(p50 - 2_000) <= 20 && p95 >= 1_980 && p95 <= 3_030, `${p50} ${p95}`)
    assert.equal(answer.pages_total, 2)
    assert.deepEqual(
      answer.pages.map(({ page_id, view_count, unique_users, bounce_rate }) => [
        page_id,
        view_count,
        unique_users,
        bounce_rate,
      ]),
      [
        ['/a', 2, 2, 0],
        ['/b', 2, 1, 0.5],
      ],
    )
    assert.deepEqual(answer.regions, [
      { region: 'EU', view_count: 2, unique_users: 1 },
      { region: '', view_count: 1, unique_users: 1 },
      { region: 'US', view_count: 1, unique_users: 1 },
    ])
    const first = { window_start: '2026-01-10T12:00:00.000Z' }
    assert.deepEqual(
      answer.series,
      resolution === 'hour'
        ? [{ ...first, view_count: 4, unique_users: 3, bounce_count: 1 }]
        : [
            { ...first, view_count: 2, unique_users: 1, bounce_count: 1 },
            { window_start: '2026-01-10T12:01:00.000Z', view_count: 2, unique_users: 2, bounce_count: 0 },
          ],
    )
  }
})

test('one page alone has totals, a series and no regions; an unknown one is empty', async (t) => {
  const db = await filled(t, [view(1, 0, { pageId: "/it's" }), view(2, 1), view(3, 61, { pageId: "/it's" })])
  const query = { fromMs: NOON, toMs: NOON + HOUR_MS, limit: 100 }
  const answer = await queryAggregates(db, { ...query, pageId: "/it's" }, CONTEXT)
  assert.equal(answer.totals.view_count, 2)
  assert.equal(answer.pages_total, 1)
  assert.deepEqual(
    answer.pages.map(({ page_id, view_count }) => [page_id, view_count]),
    [["/it's", 2]],
  )
  assert.deepEqual(answer.regions, [])
  assert.equal(answer.series.length, 2)
  const unknown = await queryAggregates(db, { ...query, pageId: '/none' }, CONTEXT)
  assert.deepEqual([unknown.totals, unknown.pages_total, unknown.pages, unknown.series], [ZERO, 0, [], []])
})

test('the limit cuts pages by views, then by name; the totals count all of them', async (t) => {
  const rows = Array.from({ length: 60 }, (_, n) => view(n, n, { pageId: `/p${Math.floor(n / 3)}` }))
  const db = await filled(t, [...rows, view(60, 0, { pageId: '/p7' })])
  const answer = await queryAggregates(db, { fromMs: NOON, toMs: NOON + HOUR_MS, limit: 3 }, CONTEXT)
  assert.deepEqual(
    answer.pages.map(({ page_id, view_count }) => [page_id, view_count]),
    [
      ['/p7', 4],
      ['/p0', 3],
      ['/p1', 3],
    ],
  )
  assert.equal(answer.pages_total, 20)
  assert.equal(answer.totals.view_count, 61)
})

test('ranges that follow each other count every view once', async (t) => {
  const db = await filled(
    t,
    Array.from({ length: 120 }, (_, n) => view(n, n * 5)),
  )
  const bounds = [-60_000, 30_500, 61_000, 180_000, 299_999, 700_000].map((by) => NOON + by)
  let sum = 0
  for (const [i, fromMs] of bounds.slice(0, -1).entries()) {
    const answer = await queryAggregates(db, { fromMs, toMs: bounds[i + 1]!, limit: 0 }, CONTEXT)
    sum += answer.totals.view_count
    assert.equal(Date.parse(answer.from) % 60_000, 0)
  }
  assert.equal(sum, 120)
})

test('the resolution follows the span, and what is kept', () => {
  const day = 24 * HOUR_MS
  const week = 7 * day
  assert.equal(resolutionFor(NOON - HOUR_MS, NOON, NOON, week), 'minute')
  assert.equal(resolutionFor(NOON - 6 * HOUR_MS, NOON, NOON, week), 'minute')
  assert.equal(resolutionFor(NOON - 6 * HOUR_MS - 1, NOON, NOON, week), 'hour')
  assert.equal(resolutionFor(NOON - week, NOON - week + HOUR_MS, NOON, week), 'hour')
  assert.equal(resolutionFor(NOON - week, NOON - week + HOUR_MS, NOON, Number.POSITIVE_INFINITY), 'minute')
})
