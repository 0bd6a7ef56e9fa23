import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Level } from '../../src/rollup/levels.ts'
import { type Stale, type WindowRow, withMarks } from '../../src/rollup/windows.ts'

function row(level: Level, startMs: number, marks: Partial<WindowRow>): WindowRow {
  return {
    level,
    startMs,
    writer: 1n,
    marked: 1,
    rolled: 0,
    markedAtMs: 0,
    firstAtMs: 500,
    rolledAtMs: 0,
    ...marks,
  }
}

function staleOf(slices: WindowRow[], minutes: WindowRow[]): Stale {
  const level = (rows: WindowRow[]): Stale['levels'][Level] => ({
    windows: new Set(rows.map(({ startMs }) => startMs)).size,
    sinceMs: Math.min(...rows.map(({ firstAtMs, rolledAtMs }) => Math.max(firstAtMs, rolledAtMs))),
    rows,
  })
  return { asOfMs: 1_000, levels: { slice: level(slices), minute: level(minutes), hour: level([]) } }
}

test('what is stale after slices were settled is known without asking: the last mark of each writer, with the time of its first', () => {
  const slices = [row('slice', 5_000, {}), row('slice', 10_000, { writer: 2n })]
  const earlier = [
    row('minute', 0, { marked: 3, firstAtMs: 700 }),
    row('minute', 0, { writer: 2n, firstAtMs: 800 }),
  ]
  const mark = row('minute', 0, { marked: 4, firstAtMs: 900, rolledAtMs: 600 })
  const next = row('minute', 60_000, { marked: 4, firstAtMs: 950 })
  const { asOfMs, levels } = withMarks(staleOf(slices, earlier), 'slice', [mark, next])!
  assert.equal(asOfMs, 1_000)
  assert.deepEqual(levels.slice, { windows: 0, sinceMs: Number.POSITIVE_INFINITY, rows: [] })
  assert.deepEqual(levels.minute, {
    windows: 2,
    sinceMs: 700,
    rows: [{ ...mark, firstAtMs: 700 }, earlier[1], next],
  })
  assert.equal(levels.hour.windows, 0)
})

test('where not all marks were read it is not known', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => row('minute', i * 60_000, {}))
  assert.equal(withMarks(staleOf([], many), 'slice', []), undefined)
  assert.notEqual(withMarks(staleOf([], many.slice(1)), 'slice', []), undefined)
})
