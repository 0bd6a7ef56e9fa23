import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Days } from '../../src/rollup/days.ts'
import { sliceStart } from '../../src/rollup/levels.ts'
import { RollUp } from '../../src/rollup/rollup.ts'
import { windowToMark } from '../../src/rollup/source.ts'
import { type AggregatesAnswer, queryAggregates } from '../../src/store/aggregates.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { builtDays, DAY_MS } from '../../src/store/days.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { blocksOf, type PageViewRow } from '../helpers/page-view-rows.ts'
import { seeded } from '../helpers/seed.ts'
import { pageViewRow, uuidOf } from './events.ts'
import { storeFixture, tries, truncate } from './fixture.ts'

const store = storeFixture()
const HOUR_MS = 3_600_000
const FIRST = Date.UTC(2026, 0, 10)
const DAYS = 4
/** The last day is open. */
const NOW = FIRST + (DAYS - 1) * DAY_MS + 15 * HOUR_MS

function view(n: number, atMs: number, changes: Partial<PageViewRow['view']> = {}): PageViewRow {
  return pageViewRow({
    eventId: uuidOf(n),
    offset: n,
    view: { timestampMs: atMs, userId: `u${n % 7}`, ...changes },
  })
}

/** A system that writes and rolls up, and one that builds days. */
async function systemOf(t: import('node:test').TestContext) {
  const db = await store.database(t)
  const retention = await applyRetention(db, { rawTtlDays: 0, minuteTtlDays: 0 }, Date.now())
  const target = new ClickHouseStore({ db, windowToMark: (s) => windowToMark(s, Date.now(), retention) })
  const rollUp = new RollUp({ db, retention })
  const days = new Days({ db, now: () => NOW })
  const mark = async (rows: readonly PageViewRow[]): Promise<void> => {
    await target.insertPageViews(blocksOf(rows))
    await target.markStale(rows.map(({ view }) => sliceStart(view.timestampMs)))
  }
  return {
    db,
    days,
    mark,
    rollUp,
    async write(rows: readonly PageViewRow[]) {
      await mark(rows)
      await rollUp.runToEnd()
    },
    async build() {
      for (let i = 0; await days.buildNext(); i++) assert.ok(i < 20, 'days are built without end')
    },
  }
}

interface Question {
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
  readonly pageId?: string | undefined
}

const ALL: Question = { fromMs: FIRST, toMs: FIRST + DAYS * DAY_MS, limit: 100 }

function ask(db: Database, question: Question): Promise<AggregatesAnswer> {
  const context = { nowMs: NOW, minutesKeptMs: 0, freshAsOfMs: { minute: NOW, hour: NOW } }
  return queryAggregates(db, { ...question, resolution: 'hour' }, context)
}

/** The same out of hours alone. */
async function askHours(db: Database, question: Question): Promise<AggregatesAnswer> {
  await truncate(db, 'page_views_days')
  return ask(db, question)
}

function startsOf(days: readonly { startMs: number }[]): number[] {
  return days.map(({ startMs }) => (startMs - FIRST) / DAY_MS)
}

test('days that are over are built, the open one is not, and empty ones are no days', async (t) => {
  const { db, write, build } = await systemOf(t)
  await write([view(1, FIRST + 1), view(2, FIRST + 2 * DAY_MS), view(3, NOW - 1)])
  assert.deepEqual(await builtDays(db, ALL.fromMs, ALL.toMs), [])
  await build()
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [0, 2])
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs + 1, ALL.toMs)), [2], 'only whole days')
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, FIRST + DAY_MS - 1)), [])
})

test('they are what is read', async (t) => {
  const { db, write, build } = await systemOf(t)
  await write([view(1, FIRST + 1), view(2, FIRST + HOUR_MS)])
  await build()
  // Without the hours' breakdowns changing nobody knows of it: it is the days that answer.
  await truncate(db, 'page_views_agg_hour')
  const { pages, pages_total } = await ask(db, ALL)
  assert.deepEqual([pages.map(({ view_count }) => view_count), pages_total], [[2], 1])
})

test('a late event makes the hours count until the day is built again', async (t) => {
  const { db, write, build, mark, rollUp } = await systemOf(t)
  await write([view(1, FIRST + 1), view(2, FIRST + DAY_MS)])
  await build()
  await mark([view(3, FIRST + 2 * HOUR_MS)])
  assert.equal((await ask(db, ALL)).totals.view_count, 2, 'nobody has rolled it up')
  await rollUp.runToEnd()
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [1])
  assert.equal((await ask(db, ALL)).totals.view_count, 3)
  await build()
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [0, 1])
  assert.equal((await ask(db, ALL)).totals.view_count, 3)
})

test('a day is not built while one of its windows is stale', async (t) => {
  const { db, write, mark, days, rollUp } = await systemOf(t)
  await write([view(1, FIRST + 1)])
  await mark([view(2, FIRST + HOUR_MS)])
  assert.equal(await days.buildNext(), false)
  await rollUp.runToEnd()
  assert.equal(await days.buildNext(), true)
  assert.equal((await ask(db, ALL)).totals.view_count, 2)
})

test('a day that is not settled keeps no other one waiting', async (t) => {
  const { db, write, mark, days } = await systemOf(t)
  await write([view(1, FIRST + 1), view(2, FIRST + DAY_MS)])
  await mark([view(3, FIRST + DAY_MS + HOUR_MS)])
  assert.equal(await days.buildNext(), true)
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [0])
  assert.equal(await days.buildNext(), false)
})

test('hours that change while their day is built: that building does not count', async (t) => {
  const { db, write, days } = await systemOf(t)
  await write([view(1, FIRST + 1)])
  const command = db.command.bind(db)
  let late = [view(2, FIRST + HOUR_MS)]
  t.mock.method(db, 'command', async (sql: string, ...rest: []) => {
    await command(sql, ...rest)
    if (!sql.includes('INTO page_views_agg_day')) return
    const rows = late
    late = []
    if (rows.length > 0) await write(rows)
  })
  assert.equal(await days.buildNext(), true)
  assert.deepEqual(await builtDays(db, ALL.fromMs, ALL.toMs), [])
  assert.equal(await days.buildNext(), true)
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [0])
  assert.equal((await ask(db, ALL)).totals.view_count, 2)
})

test('two that build the same day count it once', async (t) => {
  const { db, write } = await systemOf(t)
  await write([view(1, FIRST + 1), view(2, FIRST + DAY_MS)])
  const builders = [1, 2, 3].map(() => new Days({ db, now: () => NOW }))
  for (let i = 0; i < 3; i++) await Promise.all(builders.map((each) => each.buildNext()))
  assert.deepEqual(startsOf(await builtDays(db, ALL.fromMs, ALL.toMs)), [0, 1])
  assert.equal((await ask(db, ALL)).totals.view_count, 2)
})

test('with days and without, the answer is the same', async (t) => {
  const { db, write, build } = await systemOf(t)
  const tables = await db.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'page_views%' AND engine LIKE '%MergeTree'",
  )
  const minute = fc.nat(DAYS * 1_440 - 1)
  const event = fc.record({
    minute,
    user: fc.nat(20),
    pageId: fc.constantFrom('/', '/a', '/b', '/c'),
    region: fc.constantFrom('EU', 'US', ''),
    durationMs: fc.nat(100_000),
    isBounce: fc.boolean(),
  })
  const question = fc.record({
    fromMs: minute.map((n) => FIRST + n * 60_000),
    toMs: minute.map((n) => FIRST + n * 60_000 + DAY_MS),
    limit: fc.integer({ min: 1, max: 5 }),
    pageId: fc.option(fc.constantFrom('/', '/a', '/none'), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 60 }),
      fc.array(event, { maxLength: 5 }),
      fc.array(question, { minLength: 1, maxLength: 4 }),
      async (events, late, questions) => {
        for (const { name } of tables) await truncate(db, name.replace(/_local$/, ''))
        const rows = [...events, ...late].map(({ minute: at, user, ...rest }, n) =>
          view(n, FIRST + at * 60_000, { userId: `u${user}`, ...rest }),
        )
        await write(rows.slice(0, events.length))
        await build()
        // Some days are built of hours that are others by now.
        if (late.length > 0) await write(rows.slice(events.length))
        const all = [ALL, ...questions]
        const withDays = []
        for (const each of all) withDays.push(await ask(db, each))
        for (const [i, each] of all.entries()) assert.deepEqual(withDays[i], await askHours(db, each))
        assert.equal(withDays[0]!.totals.view_count, rows.length)
      },
    ),
    seeded(t, tries(12)),
  )
})
