import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawCharts } from '../../bench/lib/svg.ts'
import { judge, type Points, slope } from '../../bench/soak/growth.ts'
import { Random } from '../../src/random.ts'

const ALLOWANCE = { share: 0.1, absolute: 5 }

/** A point every five seconds for half an hour. */
function points(value: (minute: number) => number): Points {
  return Array.from({ length: 360 }, (_, i) => [i / 12, value(i / 12)])
}

test('what grows by more than is allowed is said to grow, with its rate', () => {
  const { grows, perHour, allowed } = judge(
    points((minute) => 100 + minute),
    ALLOWANCE,
  )
  assert.ok(grows)
  assert.ok(Math.abs(perHour - 60) < 0.001, String(perHour))
  assert.ok(allowed > 10 && allowed < 15)
})

test('warming up, noise, single peaks and what falls are no growth', () => {
  const random = new Random(1)
  const cases: Record<string, (minute: number) => number> = {
    'warming up': (minute) => Math.min(300, 100 + 40 * minute),
    noise: () => 100 + 10 * random.normal(),
    peaks: () => (random.next() < 0.1 ? 1_000 : 100),
    falling: (minute) => 1_000 - minute,
    nothing: () => 0,
    // Its second half begins at the bottom and ends on the way up, with a slope of more than is allowed.
    'a wave': (minute) => 140 - 15 * Math.cos((2 * Math.PI * (minute - 15)) / 9) + 4 * random.normal(),
  }
  for (const [name, value] of Object.entries(cases)) {
    assert.equal(judge(points(value), ALLOWANCE).grows, false, name)
  }
})

test('what grows is found in waves and noise', () => {
  const random = new Random(2)
  const leak = points(
    (minute) => 140 + minute + 5 * Math.sin((2 * Math.PI * minute) / 5) + 6 * random.normal(),
  )
  const { grows, perHour, rising } = judge(leak, ALLOWANCE)
  assert.ok(grows, `${perHour} an hour, ${rising}`)
  assert.ok(perHour > 40 && perHour < 80, String(perHour))
})

test('no slope without two points', () => {
  assert.equal(slope([]), 0)
  assert.equal(slope([[1, 7]]), 0)
})

test('charts: each series a line with its name, text escaped, numbers within the picture', () => {
  const svg = drawCharts(
    [
      {
        title: 'a < b',
        unit: 'MiB',
        series: [
          {
            name: 'one & two',
            points: [
              [0, 0],
              [10, 1_500_000],
            ],
          },
          { name: 'empty', points: [] },
        ],
      },
      { title: 'nothing', unit: '', series: [] },
    ],
    'min',
  )
  assert.match(svg, /a &lt; b, MiB/)
  assert.match(svg, /one &amp; two/)
  assert.equal(svg.match(/<polyline/g)?.length, 2)
  assert.match(svg, />1\.5M</)
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
})
