import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { accessLogLine } from '../../bench/lib/access-log.ts'
import { drawBars } from '../../bench/lib/bars.ts'
import { distributionOf, latenciesOf } from '../../bench/lib/latency.ts'
import { Curve, type Look, look, type Measured, measuredOf } from '../../bench/lib/measured.ts'
import { alternately, tableOf } from '../../bench/lib/run.ts'
import { median, quantile, spread } from '../../bench/lib/statistics.ts'
import { until } from '../../bench/lib/wait.ts'
import { piecesOf, weightOf } from '../../bench/query/made-aggregates.ts'

test('median, spread and quantiles', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(spread([3, 1, 2], String), '2 (1 to 3)')
  assert.equal(spread([3], String), '3')
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
  assert.deepEqual(
    [0, 0.5, 0.95, 0.99, 1].map((q) => quantile(hundred, q)),
    [1, 50, 95, 99, 100],
  )
})

test('latency runs from when an event was due: a stall is charged to all that had to wait', () => {
  // 100 events a second for ten seconds; nothing can be seen between seconds 2 and 5, then all of it.
  const seen = []
  for (let atMs = 0; atMs <= 10_100; atMs += 10)
    seen.push({ atMs, count: Math.floor((atMs > 2_000 && atMs < 5_000 ? 2_000 : atMs) / 10) })
  const latencies = latenciesOf(seen, { beganMs: 0, rate: 100 }, 0, 1_000)
  assert.equal(latencies.length, 1_000)
  assert.equal(Math.round(quantile(latencies, 0.5)), 10)
  assert.equal(Math.round(quantile(latencies, 1)), 3_000)
  // The 300 events that came while it stood waited for a second and a half on average.
  const waited = latencies.filter((ms) => ms > 15)
  assert.equal(waited.length, 299)
  const mean = waited.reduce((sum, ms) => sum + ms, 0) / waited.length
  assert.ok(Math.abs(mean - 1_510) < 0.01, String(mean))
})

test('latency: warming up is left out, and what never could be seen is infinitely late', () => {
  const seen = [
    { atMs: 1_000, count: 5 },
    { atMs: 1_500, count: 8 },
  ]
  const latencies = latenciesOf(seen, { beganMs: 0, rate: 10 }, 4, 10)
  assert.deepEqual([...latencies], [600, 800, 900, 1_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  const curve = distributionOf(latencies, 6)
  assert.deepEqual(curve.at(-1), [1, (100 * 4) / 6])
})

test('a curve: when a count was reached, and its rate without its ends', () => {
  const curve = new Curve()
  assert.equal(curve.steadyPerSecond(), undefined)
  for (const [second, count] of [
    [0, 0],
    [9, 100],
    [10, 100],
    [11, 500],
    [12, 900],
    [20, 1_000],
  ] as const)
    curve.add(count, second * 1_000)
  assert.equal(curve.reached(500), 11_000)
  assert.equal(curve.reached(1_001), undefined)
  assert.ok(Math.abs(curve.steadyPerSecond()! - 800 / 3) < 1e-9)
})

test('what a run cost: by process, without the broker, and what other work took', () => {
  const at = (atMs: number, machineSeconds: number, cpu: readonly (readonly [string, number])[]): Look => ({
    atMs,
    machineSeconds,
    usage: cpu.map(([name, cpuSeconds], pid) => ({ pid, name, cpuSeconds, ownBytes: 0 })),
  })
  const before = at(0, 100, [
    ['consumer', 1],
    ['Kafka', 5],
  ])
  const after = at(2_000, 104, [
    ['consumer', 2],
    ['Kafka', 5.5],
    ['ClickHouse', 0.5],
  ])
  const measured = measuredOf(1_000_000, before, after)
  assert.equal(measured.perSecond, 500_000)
  assert.equal(measured.cpuMicroseconds, 1.5)
  assert.deepEqual(measured.byProcess, { consumer: 1, Kafka: 0.5, ClickHouse: 0.5 })
  assert.equal(measured.others, 1)
})

test('processor time is read from the kernel, of children too', async () => {
  const busy = spawn(process.execPath, [
    '-e',
    'const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end); console.log("done"); process.stdin.resume()',
  ])
  try {
    await once(busy.stdout, 'data')
    const own = look([process.pid]).usage.find(({ pid }) => pid === busy.pid)
    assert.ok(own && own.cpuSeconds >= 0.2, JSON.stringify(own))
    assert.ok(own.ownBytes > 0)
  } finally {
    busy.kill('SIGKILL')
  }
})

test('contenders take turns, every second round the other way round, and the table has the median and the range', async () => {
  const order: string[] = []
  const contender = (name: string, perSecond: readonly number[]) => ({
    name,
    run: async (round: number): Promise<Measured> => {
      order.push(`${name}${round}`)
      return { perSecond: perSecond[round - 1]!, cpuMicroseconds: 2, byProcess: { [name]: 2 }, others: 0 }
    },
  })
  const measured = await alternately(
    [contender('a', [1_000, 3_000, 2_000]), contender('b', [5_000, 5_000, 5_000])],
    3,
  )
  assert.deepEqual(order, ['a1', 'b1', 'b2', 'a2', 'a3', 'b3'])
  const lines = tableOf(measured).split('\n')
  assert.match(
    lines[0]!,
    /^\| what \| events\/s \| µs of a processor an event \| a \| b \| processors of other work \|$/,
  )
  assert.match(lines[2]!, /^\| a \| 2\.0k \(1\.0k to 3\.0k\) \| 2\.0 .*\| – \|/)
})

test('a phase that does not end is an error that says how far it came', async () => {
  let looks = 0
  await until('Counting', 5, () => ({ done: ++looks === 3, so: `${looks} of 3` }), 1)
  assert.equal(looks, 3)
  await assert.rejects(
    until('Waiting', 0.01, () => ({ done: false, so: '7 of 9 rows' }), 1),
    /^Error: Waiting has not ended after 0 s: 7 of 9 rows\./,
  )
})

test('bars: one for each contender, with its range, text escaped, numbers within the picture', () => {
  const svg = drawBars(
    [
      {
        title: 'a < b',
        bars: [
          { name: 'one & two', values: [10, 30, 20] },
          { name: 'nothing', values: [0] },
        ],
      },
    ],
    'caption & more',
  )
  assert.match(svg, /a &lt; b/)
  assert.match(svg, /one &amp; two/)
  assert.match(svg, /caption &amp; more/)
  assert.equal(svg.match(/<rect x/g)?.length, 2)
  assert.doesNotMatch(svg, /NaN|Infinity|undefined|-\d+(\.\d+)?"/)
})

test('made aggregates: every event in exactly one piece, days fuller than nights, minutes of the last days', () => {
  const made = {
    events: 1_000_000,
    pages: 10,
    users: 10,
    days: 30,
    minuteDays: 7,
    nowMs: Date.parse('2026-11-25T10:20:30Z'),
  }
  const pieces = piecesOf(made)
  let next = 0
  for (const { first, events } of pieces) {
    assert.equal(first, next)
    next += events
  }
  assert.equal(next, made.events)
  assert.equal(pieces.at(-1)!.fromS + pieces.at(-1)!.seconds, Date.parse('2026-11-25T10:20:00Z') / 1_000)
  const seconds = (all: readonly { seconds: number }[]): number =>
    all.reduce((sum, one) => sum + one.seconds, 0)
  assert.ok(Math.abs(seconds(pieces) / 86_400 - 30) < 0.05)
  const ofMinutes = seconds(pieces.filter(({ minutes }) => minutes)) / 86_400
  assert.ok(ofMinutes > 6.7 && ofMinutes <= 7, String(ofMinutes))
  assert.ok(Math.abs(weightOf(15) / weightOf(3) - 4) < 1e-9)
})

test('access log lines: in combined form, of the length asked for', () => {
  const line = accessLogLine(12_345, 500, Date.parse('2026-11-25T10:20:30Z'))
  const match =
    /^203\.0\.113\.\d+ - - \[25\/Nov\/2026:10:20:30 \+0000\] "GET \/page-\d+ HTTP\/1\.1" 200 5120 "-" "([^"]+)"$/.exec(
      line,
    )
  assert.equal(match?.[1]?.length, 500)
})
