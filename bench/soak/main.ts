import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { benchmark, count } from '../lib/command.ts'
import { report } from '../lib/report.ts'
import { table } from '../lib/run.ts'
import { say } from '../lib/say.ts'
import { drawCharts } from '../lib/svg.ts'
import { BenchSystem } from '../lib/system.ts'
import { type Allowance, judge, type Points, slope } from './growth.ts'
import { type Sample, takeSample } from './sample.ts'

interface Options {
  readonly minutes: number
  readonly rate: number
  readonly strategies?: string
  readonly plot?: string
  readonly record?: true
}

export const soak = benchmark(
  'soak',
  'Does anything grow that should not (memory, open files, parts, disk, lag), while events come at a steady rate?',
)
  .option('--minutes <n>', 'how long', count, 30)
  .option('--rate <n>', 'events a second', count, 2_000)
  .option('--strategies <mix>', 'how they are sent: MILLRACE_STRATEGIES; only batch=1 reaches high rates')
  .option('--plot <file>', 'draw it into this file too')
  .action(run)

const SAMPLE_MS = 5_000
const SAID_EVERY_MS = 60_000

/** What should stay as it is. Noise of a quarter of an hour, taken as that of an hour, stays below these. */
const MEMORY: Allowance = { share: 0.15, absolute: 24 }
const HANDLES: Allowance = { share: 0.05, absolute: 8 }
const PARTS: Allowance = { share: 0.5, absolute: 30 }
/** Seconds' worth of messages. */
const LAG_SECONDS = 2

/** One tree, as `npm start` runs it. At the end `verify` must agree. */
async function run({ minutes, rate, strategies, plot, record }: Options): Promise<void> {
  await using system = await BenchSystem.create({
    MILLRACE_SPEED: String(rate),
    MILLRACE_BUFFER_SIZE: '100000',
    ...(strategies !== undefined && { MILLRACE_STRATEGIES: strategies }),
  })
  const tree = system.start('start')
  await system.ready(system.producerUrl, tree)
  await system.ready(system.consumerUrl, tree)
  const samples: Sample[] = []
  const began = Date.now()
  for (let next = began, said = 0; Date.now() - began < minutes * 60_000; next += SAMPLE_MS) {
    await sleep(Math.max(0, next - Date.now()))
    const sample = await takeSample(system, tree.pid!, (Date.now() - began) / 60_000)
    samples.push(sample)
    if (Date.now() - said < SAID_EVERY_MS) continue
    said = Date.now()
    say(
      `${sample.minute.toFixed(1).padStart(6)} min  ${sample.sent} sent, lag ${sample.lag}, visible after ${sample.visibleMs} ms, ${total(sample.memory).toFixed(0)} MiB, ${total(sample.handles)} handles, ${total(sample.parts)} parts, disk ${total(sample.disk).toFixed(0)} MiB`,
    )
  }
  await system.json(`${system.producerUrl}/generate/pause`, 'POST')
  const { dropped, failed } = await system.json(`${system.producerUrl}/status`)
  const { status, output } = await system.run('verify')
  await system.end(tree)

  const pointsOf = (value: (sample: Sample) => number): Points =>
    samples.map((each) => [each.minute, value(each)])
  const names = (of: (sample: Sample) => Readonly<Record<string, number>>): string[] => [
    ...new Set(samples.flatMap((each) => Object.keys(of(each)))),
  ]
  const judged = [
    ...names(({ memory }) => memory).map((name) => ({
      what: `memory of ${name}`,
      unit: 'MiB',
      points: pointsOf(({ memory }) => memory[name] ?? 0),
      allowance: MEMORY,
    })),
    ...names(({ handles }) => handles).map((name) => ({
      what: `open files of ${name}`,
      unit: '',
      points: pointsOf(({ handles }) => handles[name] ?? 0),
      allowance: HANDLES,
    })),
    ...(['raw', 'aggregates', 'other'] as const).map((name) => ({
      what: `parts, ${name}`,
      unit: '',
      points: pointsOf(({ parts }) => parts[name]),
      allowance: PARTS,
    })),
    {
      what: 'lag',
      unit: 'messages',
      points: pointsOf(({ lag }) => lag),
      allowance: { share: 1, absolute: LAG_SECONDS * rate },
    },
  ]
  const rows = judged.map(({ what, unit, points, allowance }) => {
    const { grows, perHour, allowed, rising } = judge(points, allowance)
    const last = points.at(-1)![1]
    return {
      grows,
      row: [
        what,
        `${last.toFixed(0)} ${unit}`,
        perHour.toFixed(1),
        allowed.toFixed(0),
        `${(100 * rising).toFixed(0)} %`,
        grows ? '**grows**' : 'no',
      ],
    }
  })
  // Disk grows with what is kept: as much for each event at the end as at the beginning.
  const halves = [samples.slice(0, samples.length >> 1), samples.slice(samples.length >> 1)]
  const disk = (['log', 'clickhouse'] as const).map((name) => {
    const bytes = halves.map((half) => slope(half.map((each) => [each.sent, each.disk[name] * 2 ** 20])))
    const grows = bytes[1]! > 1.5 * bytes[0]! + 10
    return {
      grows,
      row: [
        `disk, ${name}, bytes an event`,
        bytes[1]!.toFixed(0),
        `${bytes[0]!.toFixed(0)} in the first half`,
        '–',
        '–',
        grows ? '**grows**' : 'no',
      ],
    }
  })
  const growing = [...rows, ...disk].some(({ grows }) => grows)

  const lines = (of: (sample: Sample) => Readonly<Record<string, number>>) =>
    names(of).map((name) => ({ name, points: pointsOf((sample) => of(sample)[name] ?? 0) }))
  const draw = (caption: string): string =>
    drawCharts(
      [
        { title: 'Memory of its own', unit: 'MiB', series: lines(({ memory }) => memory) },
        { title: 'Open files and sockets', unit: 'count', series: lines(({ handles }) => handles) },
        { title: 'Active parts in ClickHouse', unit: 'count', series: lines(({ parts }) => parts) },
        { title: 'Disk', unit: 'MiB', series: lines(({ disk }) => disk) },
        {
          title: 'From the log to the minute aggregates',
          unit: 'ms',
          series: [{ name: 'oldest of a batch', points: pointsOf(({ visibleMs }) => visibleMs ?? 0) }],
        },
      ],
      'min',
      caption,
    )
  if (plot !== undefined) {
    mkdirSync(dirname(plot), { recursive: true })
    writeFileSync(plot, draw(''))
  }
  report(
    {
      name: `soak-${rate}`,
      title: `Soak: ${rate} events a second for ${minutes} minutes`,
      body: [
        table(
          ['what', 'at the end', 'more in an hour (second half)', 'allowed', 'later higher', 'grows'],
          [...rows, ...disk].map(({ row }) => row),
        ),
        '',
        '"later higher": the second half cut into eight, the share of pairs in which the later piece is higher. What grows does so beyond what is allowed, and in three quarters of the pairs.',
        '',
        `Sent ${samples.at(-1)!.sent}, dropped ${dropped}, failed ${failed}; \`verify\` ${status === 0 ? 'agrees' : `DIFFERS:\n${output}`}.`,
      ].join('\n'),
      chart: draw,
    },
    record,
  )
  process.exitCode = status !== 0 || growing ? 1 : 0
}

function total(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((sum, n) => sum + n, 0)
}
