import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FinishedView, type View, Visits } from '../../src/replay/visits.ts'

interface Numbered extends View {
  readonly n: number
}

const MINUTE = 60_000

/** `visitor@minutes` of each view, in the order of the file. */
function views(text: string): Numbered[] {
  return text.split(' ').map((one, n) => {
    const [visitor, minutes] = one.split('@')
    return { n, visitor: visitor!, timestampMs: Number(minutes) * MINUTE }
  })
}

function finish(all: readonly Numbered[], most?: number) {
  const visits = new Visits<Numbered>(most)
  const finished = [...all.flatMap((view) => visits.add(view)), ...visits.end()]
  finished.sort((a, b) => a.view.n - b.view.n)
  return { finished, visits: visits.visits }
}

const CASES: readonly (readonly [what: string, views: string, minutes: string, visits: number])[] = [
  ['one view is a bounce', 'a@0', '0!', 1],
  ['two views', 'a@0 a@3', '3 0', 1],
  ['visitors do not mix', 'a@0 b@1 a@2 b@5', '2 4 0 0', 2],
  ['thirty minutes are one visit', 'a@0 a@30', '30 0', 1],
  ['more are two', 'a@0 a@30.01', '0! 0!', 2],
  ['a visit may last longer than that', 'a@0 a@29 a@58 a@87', '29 29 29 0', 1],
  ['the last view of a visit is no bounce', 'a@0 a@1 a@90', '1 0 0!', 2],
  ['out of order', 'a@1 a@0 a@2', '1 1 0', 1],
  ['out of order by five minutes', 'a@6 b@6 a@1 a@7', '1 0! 5 0', 2],
  ['further back begins anew', 'a@60 a@61 a@0 a@1', '1 0 1 0', 2],
  ['at the same time', 'a@1 a@1 a@1', '0 0 0', 1],
]

test('durations, bounces and visits', () => {
  for (const [what, given, minutes, visits] of CASES) {
    const result = finish(views(given))
    const found = result.finished.map(
      ({ durationMs, isBounce }) => `${durationMs / MINUTE}${isBounce ? '!' : ''}`,
    )
    assert.equal(found.join(' '), minutes, what)
    assert.equal(result.visits, visits, what)
  }
})

/** In an order that is off by less than five minutes. */
const logs = fc
  .array(
    fc.record({
      visitor: fc.constantFrom('a', 'b', 'c'),
      gap: fc.nat(20 * MINUTE),
      late: fc.nat(5 * MINUTE),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let at = 0
    return steps
      .map(({ visitor, gap, late }) => {
        at += gap
        return { visitor, timestampMs: at, written: at + late }
      })
      .sort((a, b) => a.written - b.written)
      .map(({ visitor, timestampMs }, n) => ({ n, visitor, timestampMs }))
  })

test('as if the whole file had been put in order first', () => {
  fc.assert(
    fc.property(logs, (log) => {
      assert.deepEqual(finish(log), inOneGo(log))
    }),
  )
})

/** With all of the file in memory. */
function inOneGo(log: readonly Numbered[]): { finished: FinishedView<Numbered>[]; visits: number } {
  const sorted = log.toSorted((a, b) => a.timestampMs - b.timestampMs || a.n - b.n)
  let visits = 0
  const finished = log.map((view) => {
    const own = sorted.filter(({ visitor }) => visitor === view.visitor)
    const at = own.indexOf(view)
    const joins = (a: Numbered | undefined, b: Numbered | undefined): boolean =>
      a !== undefined && b !== undefined && b.timestampMs - a.timestampMs <= 30 * MINUTE
    const isFirst = !joins(own[at - 1], view)
    const isLast = !joins(view, own[at + 1])
    if (isFirst) visits += 1
    const durationMs = isLast ? 0 : own[at + 1]!.timestampMs - view.timestampMs
    return { view, durationMs, isBounce: isFirst && isLast }
  })
  return { finished, visits }
}

test('with too little memory every view is still finished once, and no duration is negative', () => {
  const anyOrder = fc.array(
    fc.record({ visitor: fc.constantFrom('a', 'b', 'c'), timestampMs: fc.nat(10 * MINUTE) }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), anyOrder, (most, given) => {
      const log = given.map((view, n) => ({ ...view, n }))
      const { finished } = finish(log, most)
      assert.deepEqual(
        finished.map(({ view }) => view),
        log,
      )
      for (const { durationMs } of finished) assert.ok(durationMs >= 0)
    }),
  )
})
