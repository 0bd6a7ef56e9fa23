import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Days } from '../../src/rollup/days.ts'
import { builtDays } from '../../src/store/days.ts'
import { CAUSES } from '../../src/verify/causes.ts'
import { describeReport } from '../../src/verify/describe.ts'
import { rangeFrom } from '../../src/verify/range.ts'
import { storeFixture } from '../store/fixture.ts'
import { AuditedSystem } from './system.ts'

const store = storeFixture()
const HOUR = 3_600_000
const DAY = 24 * HOUR
const now = Date.now()
/** Well inside of an hour, some hours ago. */
const EARLIER = Math.floor(now / HOUR) * HOUR - 5 * HOUR + 600_000

test('a quiet system agrees; repeats are no gaps', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  await system.view(EARLIER, { copies: 3 })
  await system.view(now)
  await system.settle()
  const report = await system.verify()
  assert.equal(report.verdict, 'agrees', describeReport(report))
  assert.deepEqual(report.offsets, { checked: 4, stored: 2, repeats: 2, marks: 0, expired: 0, missing: 0 })
})

test('what is in flight is told apart from what is missing', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  await system.view(now)
  await system.settle()
  await system.view(now, { stored: false })
  const behind = await system.verify()
  assert.equal(behind.verdict, 'unsettled', describeReport(behind))
  assert.equal(behind.in_flight.messages, 1)
  await system.view(EARLIER)
  const stale = await system.verify()
  assert.equal(stale.verdict, 'unsettled', describeReport(stale))
  assert.ok(stale.in_flight.windows > 0)
  await system.settle()
  const missing = await system.verify()
  assert.equal(missing.verdict, 'differs')
  const offsets = missing.differences.find(({ check }) => check === 'offsets')
  assert.deepEqual(offsets?.offsets, { partition: 0, from: 1, until: 2 }, describeReport(missing))
  assert.equal(missing.differences.find(({ check }) => check === 'ledger')?.cause, 'raw_less')
  assert.ok(describeReport(missing).includes(CAUSES.raw_less.remedy))
})

test('a range leaves out what is not in it', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  await system.view(EARLIER)
  await system.view(now)
  await system.settle()
  await system.db.command('ALTER TABLE page_views_agg_hour DELETE WHERE 1 SETTINGS mutations_sync = 2')
  const last = await system.verify({ range: rangeFrom({ hours: '1' }, now) })
  const hours = (report: typeof last) => report.differences.filter(({ check }) => check === 'hour').length
  assert.equal(hours(last), 1, describeReport(last))
  assert.equal(last.raw.unique, 1)
  const first = await system.verify({
    range: rangeFrom(
      { from: new Date(EARLIER).toISOString(), to: new Date(EARLIER + 60_000).toISOString() },
      now,
    ),
  })
  assert.equal(hours(first), 1, describeReport(first))
  assert.equal(hours(await system.verify()), 2)
  assert.throws(() => rangeFrom({ hours: '0' }, now), /--hours/)
  assert.throws(() => rangeFrom({ from: 'yesterday' }, now), /--from/)
  assert.throws(() => rangeFrom({ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, now), /--to/)
})

test('--repair computes a doubled aggregate, a missing slice, a missing minute and a stray page again, and raw stays', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  const { db } = system
  await system.view(EARLIER, { pageId: '/a' })
  await system.view(now, { pageId: '/b' })
  await system.settle()
  await db.command(`INSERT INTO page_views_agg_hour SELECT * REPLACE (view_count * 2 AS view_count, version + 1 AS version)
    FROM page_views_agg_hour FINAL WHERE page_id = '/a'`)
  await db.command(
    `INSERT INTO page_views_agg_hour SELECT * REPLACE ('/stray' AS page_id) FROM page_views_agg_hour FINAL WHERE page_id = '/a'`,
  )
  await db.command('TRUNCATE TABLE page_views_slice')
  await db.command(`DELETE FROM page_views_agg_minute WHERE page_id = '/a'`)
  // A version of tomorrow would win for ever.
  await db.command(`INSERT INTO page_views_breakdown_minute SELECT * REPLACE (view_count + 7 AS view_count, version + 86400000000000 AS version)
    FROM page_views_breakdown_minute FINAL WHERE dimension = 'region' AND window_start < now() - INTERVAL 1 HOUR`)
  const raw = (): Promise<unknown> => db.query('SELECT *, payload_hash FROM page_views_raw ORDER BY event_id')
  const before = await raw()

  const dry = await system.verify({ repair: 'dry-run' })
  assert.equal(dry.verdict, 'differs')
  assert.deepEqual(dry.repair?.windows, { slice: 1, minute: 1, hour: 1 }, describeReport(dry))
  const causes = new Set(dry.differences.map(({ cause }) => cause))
  assert.deepEqual([...causes].sort(), ['aggregate_missing', 'aggregate_more'])
  assert.equal((await system.verify()).differences_total, dry.differences_total)

  const repaired = await system.verify({ repair: 'yes' })
  assert.equal(repaired.verdict, 'agrees', describeReport(repaired))
  assert.deepEqual(repaired.repair?.windows, { slice: 1, minute: 1, hour: 1 })
  assert.deepEqual(await raw(), before)
})

test('--repair leaves windows whose raw is not whole, and says why', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  const { db } = system
  const id = await system.view(EARLIER)
  await system.view(EARLIER)
  await system.settle()
  await db.command(`DELETE FROM page_views_raw WHERE event_id = '${id}'`)
  const report = await system.verify({ repair: 'yes' })
  assert.equal(report.verdict, 'differs')
  assert.deepEqual(report.repair?.windows, { slice: 0, minute: 0, hour: 0 })
  assert.match(report.repair?.refused[0]?.why ?? '', /mend raw first/)
  const [hour] = await db.query<{ views: number }>(
    'SELECT sum(view_count) AS views FROM page_views_agg_hour FINAL',
  )
  assert.equal(hour?.views, 2)
})

test('windows whose raw has expired are named and left alone', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t), { rawTtlDays: 7, minuteTtlDays: 0 })
  const { db } = system
  await system.view(now)
  await system.settle()
  await db.command(
    `INSERT INTO page_views_agg_hour SELECT * REPLACE (toStartOfHour(now() - INTERVAL 20 DAY) AS window_start, 5 AS view_count) FROM page_views_agg_hour FINAL`,
  )
  await db.command(
    `INSERT INTO page_views_breakdown_hour SELECT * REPLACE (toStartOfHour(now() - INTERVAL 20 DAY) AS window_start, 5 AS view_count) FROM page_views_breakdown_hour FINAL`,
  )
  await db.command(
    `INSERT INTO page_views_agg_minute SELECT * REPLACE (toStartOfHour(now() - INTERVAL 20 DAY) AS window_start, 5 AS view_count) FROM page_views_agg_minute FINAL`,
  )
  const fine = await system.verify({ repair: 'yes' })
  assert.equal(fine.verdict, 'agrees', describeReport(fine))
  assert.equal(fine.unchecked[0]?.what, 'raw_expired')
  assert.match(fine.unchecked[0]?.where ?? '', /^1 hours .* 5 views/)

  await db.command(
    `INSERT INTO page_views_agg_minute SELECT * REPLACE (6 AS view_count, version + 1 AS version) FROM page_views_agg_minute FINAL WHERE window_start < now() - INTERVAL 10 DAY`,
  )
  const differs = await system.verify({ repair: 'yes' })
  assert.deepEqual(
    differs.differences.map(({ cause }) => cause),
    ['hour_not_minutes'],
    describeReport(differs),
  )
  assert.deepEqual(differs.repair?.windows, { slice: 0, minute: 0, hour: 0 })
})

test('times in which raw may have expired before its TTL was made longer are not compared', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  const id = await system.view(now - 2 * DAY)
  await system.view(now)
  await system.settle()
  const from = Math.floor((now - 3 * DAY) / 1_000)
  await system.db.command(
    `INSERT INTO retention_gaps VALUES ('page_views_raw', ${from}, ${Math.floor((now - DAY) / 1_000)})`,
  )
  await system.db.command(`DELETE FROM page_views_raw WHERE event_id = '${id}'`)
  const report = await system.verify({ repair: 'yes' })
  assert.ok(
    report.differences.every(({ check }) => check === 'repeats'),
    describeReport(report),
  )
  assert.equal(report.unchecked.find(({ what }) => what === 'raw_gap')?.what, 'raw_gap')
  assert.deepEqual(report.repair?.windows, { slice: 0, minute: 0, hour: 0 })
})

test('a key with two payloads is named with its places', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  const id = await system.view(EARLIER)
  await system.db.command(
    `INSERT INTO page_views_raw SELECT * REPLACE (duration_ms + 1 AS duration_ms, 77 AS kafka_offset) FROM page_views_raw WHERE event_id = '${id}'`,
  )
  await system.settle()
  const report = await system.verify()
  assert.equal(report.raw.conflicts, 1)
  assert.equal(report.raw.rows, 2)
  assert.equal(report.conflicts[0]?.event_id, id)
  assert.deepEqual(
    report.conflicts[0]?.at.map(({ offset }) => offset),
    [0, 77],
  )
})

test('a window that changes again and again is not taken for stale', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  await system.view(now)
  await system.settle()
  // Marked first an hour ago, computed from all that was marked until now, and marked again since.
  await system.db.command(`INSERT INTO rollup_windows (level, window_start, writer, marked, rolled, marked_at, first_at, rolled_at)
    VALUES ('hour', toStartOfHour(now()), 1, 9, 8, now64(3) - 1, now64(3) - 3600, now64(3))`)
  const report = await system.verify()
  assert.equal(report.verdict, 'agrees', describeReport(report))
})

test('days are compared with their hours, and --repair forgets those that differ', async (t) => {
  const system = await AuditedSystem.create(t, await store.database(t))
  const { db } = system
  const days = new Days({ db })
  const yesterday = Math.floor(now / DAY) * DAY - DAY
  await system.view(yesterday + HOUR)
  await system.view(yesterday - 2 * DAY)
  await system.settle()
  while (await days.buildNext());
  const built = await builtDays(db, 0, now)
  assert.equal(built.length, now - yesterday - DAY > 600_000 ? 2 : 1)
  assert.equal((await system.verify()).verdict, 'agrees')
  const [first] = built
  await db.command(
    `INSERT INTO page_views_agg_day SELECT * REPLACE ('/stray' AS page_id) FROM page_views_agg_day WHERE building = ${first!.building}`,
  )
  const dry = await system.verify({ repair: 'dry-run' })
  assert.deepEqual(
    dry.differences.map(({ check, cause }) => [check, cause]),
    [['hours_of_day', 'day_not_hours']],
    describeReport(dry),
  )
  assert.equal(dry.repair?.days, 1)
  assert.equal((await builtDays(db, 0, now)).length, built.length)
  const report = await system.verify({ repair: 'yes' })
  assert.equal(report.verdict, 'agrees', describeReport(report))
  assert.equal((await builtDays(db, 0, now)).length, built.length - 1)
  assert.equal(await days.buildNext(), true)
  assert.equal((await system.verify()).verdict, 'agrees')
})
