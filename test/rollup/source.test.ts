import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LEVELS, type Level, windowStart } from '../../src/rollup/levels.ts'
import { isComputed, MARGIN_MS, sourceOf, windowAbove, windowToMark } from '../../src/rollup/source.ts'
import type { Retention } from '../../src/store/retention.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW = Date.UTC(2026, 10, 23, 12, 34, 56)

const keep = (days: number) => ({ keepMs: days === 0 ? Number.POSITIVE_INFINITY : days * DAY_MS, gaps: [] })
const retention = (rawDays = 30, minuteDays = 7): Retention => ({
  raw: keep(rawDays),
  slice: { keepMs: 4 * HOUR_MS, gaps: [] },
  minute: keep(minuteDays),
})

test('windows of now are computed from the level below', () => {
  assert.equal(sourceOf('slice', windowStart('slice', NOW), NOW, retention()), 'raw')
  assert.equal(sourceOf('minute', windowStart('minute', NOW), NOW, retention()), 'slice')
  assert.equal(sourceOf('hour', windowStart('hour', NOW), NOW, retention()), 'minute')
})

test('older windows are computed from raw, and expired ones not at all', () => {
  assert.equal(sourceOf('minute', NOW - 3 * HOUR_MS, NOW, retention()), 'raw')
  assert.equal(sourceOf('hour', NOW - 8 * DAY_MS, NOW, retention()), 'raw')
  assert.equal(sourceOf('hour', NOW - 31 * DAY_MS, NOW, retention()), null)
  assert.equal(sourceOf('hour', NOW - 4_000 * DAY_MS, NOW, retention(0)), 'raw')
  assert.equal(sourceOf('hour', NOW - 4_000 * DAY_MS, NOW, retention(0, 0)), 'minute')
})

test('slices are marked for the last hours, minutes and hours for what is older', () => {
  const slice = windowStart('slice', NOW)
  assert.deepEqual(windowToMark(slice, NOW, retention()), { level: 'slice', startMs: slice })
  const yesterday = slice - DAY_MS
  assert.deepEqual(windowToMark(yesterday, NOW, retention()), {
    level: 'minute',
    startMs: windowStart('minute', yesterday),
  })
  const lastWeek = slice - 8 * DAY_MS
  assert.deepEqual(windowToMark(lastWeek, NOW, retention()), {
    level: 'hour',
    startMs: windowStart('hour', lastWeek),
  })
  assert.equal(windowAbove({ level: 'hour', startMs: 0 }, NOW, retention()), null)
})

test('rows that expired before the TTL was made longer are no source', () => {
  const gap = { fromMs: NOW - 60 * DAY_MS, untilMs: NOW - 30 * DAY_MS }
  const longer = { ...retention(0, 0), raw: { keepMs: Number.POSITIVE_INFINITY, gaps: [gap] } }
  const minutes = { keepMs: Number.POSITIVE_INFINITY, gaps: [gap] }
  const inGap = windowStart('hour', NOW - 40 * DAY_MS)
  assert.equal(sourceOf('hour', inGap, NOW, longer), 'minute')
  assert.equal(sourceOf('hour', inGap, NOW, { ...longer, minute: minutes }), null)
  assert.equal(sourceOf('hour', inGap - 4_000 * DAY_MS, NOW, { ...longer, minute: minutes }), 'minute')
  const touching = gap.untilMs - 1
  assert.equal(sourceOf('hour', windowStart('hour', touching), NOW, { ...longer, minute: minutes }), null)
})

const days = fc.constantFrom(0, 1, 2, 7, 30)
const time = fc.integer({ min: 0, max: 40 * DAY_MS }).map((age) => NOW - age)

test('a source has all of the window: kept, and computed by everybody who might have', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Level>('slice', 'minute', 'hour'),
      time,
      days,
      days,
      // The clock of whoever changed the window, and when: before or after, by less than the margin.
      fc.integer({ min: -MARGIN_MS + 1, max: MARGIN_MS - 1 }),
      (level, timestamp, rawDays, minuteDays, skew) => {
        const kept = retention(rawDays, minuteDays)
        const start = windowStart(level, timestamp)
        const source = sourceOf(level, start, NOW, kept)
        if (source === null) {
          assert.ok(NOW - start >= kept.raw.keepMs)
          return
        }
        assert.ok(NOW - start < kept[source].keepMs, 'no row of the window has expired')
        if (source === 'raw') return
        for (let part = start; part < start + LEVELS[level]; part += LEVELS[source]) {
          assert.ok(isComputed(source, part, NOW + skew, kept), 'whatever changed there was computed into it')
        }
      },
    ),
  )
})

test('what is marked leads up to the hour, through windows that are computed', () => {
  fc.assert(
    fc.property(time, days, days, (timestamp, rawDays, minuteDays) => {
      const kept = retention(rawDays, minuteDays)
      let window = windowToMark(windowStart('slice', timestamp), NOW, kept)
      for (;;) {
        assert.ok(isComputed(window.level, window.startMs, NOW, kept))
        assert.equal(window.startMs, windowStart(window.level, timestamp))
        const above = windowAbove(window, NOW, kept)
        if (above === null) break
        window = above
      }
      assert.equal(window.level, 'hour')
    }),
  )
})
