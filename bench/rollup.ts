import { RollUp } from '../src/rollup/rollup.ts'
import { recompute } from '../src/rollup/statements.ts'
import { AGGREGATE_TABLES } from '../src/store/aggregate-tables.ts'
import { Marker, markWindows } from '../src/store/marks.ts'
import { benchmark, count, counts, listOption } from './lib/command.ts'
import { report } from './lib/report.ts'
import { table } from './lib/run.ts'
import { say } from './lib/say.ts'
import { spread } from './lib/statistics.ts'
import { BenchStore } from './lib/store.ts'
import { drawCharts } from './lib/svg.ts'

interface Options {
  readonly sizes: readonly number[]
  readonly runs: number
  readonly pages: number
  readonly record?: true
}

export const rollup = benchmark(
  'rollup',
  'What does bringing the aggregates up to date cost, by how full the open minute is?',
)
  .addOption(
    listOption('--sizes <numbers>', 'page views of a whole minute', counts, [60_000, 600_000, 3_000_000]),
  )
  .option('--runs <n>', 'how many minutes of each size', count, 3)
  .option('--pages <n>', 'distinct pages', count, 200)
  .action(run)

const SLICES = 12
const SLICE_MS = 5_000
const MINUTE_MS = 60_000

/** Milliseconds of one roll-up, by level; `whole` is the minute computed from raw rows instead, for comparison. */
interface Costs {
  readonly slice: number
  readonly minute: number
  readonly whole: number
}

/**
 * Page views are made inside ClickHouse, a slice at a time, as they would come; after each slice one roll-up is timed. In the end the minute
 * must count as many as were made.
 */
async function run({ sizes, runs, pages, record }: Options): Promise<void> {
  const results = new Map<number, Costs[][]>(sizes.map((size) => [size, []]))
  for (let round = 1; round <= runs; round++) {
    for (const size of round % 2 === 1 ? sizes : sizes.toReversed()) {
      const costs = await fillMinute(size, pages)
      results.get(size)!.push(costs)
      const { slice, minute, whole } = costs.at(-1)!
      say(
        `round ${round} of ${runs}  ${size} in the minute: the last slice ${slice.toFixed(0)} ms, the minute from slices ${minute.toFixed(0)} ms, from raw rows ${whole.toFixed(0)} ms`,
      )
    }
  }
  const ms = (size: number, slices: number, what: keyof Costs): string =>
    spread(
      results.get(size)!.map((costs) => costs[slices - 1]![what]),
      (n) => n.toFixed(0),
    )
  const rows = sizes.flatMap((size) =>
    [1, 6, 12].map((slices) => [
      String(size),
      `${slices} of ${SLICES}`,
      ms(size, slices, 'slice'),
      ms(size, slices, 'minute'),
      ms(size, slices, 'whole'),
    ]),
  )
  report(
    {
      name: 'rollup',
      title: `A roll-up by how full the minute is, ${pages} pages`,
      body: [
        table(
          [
            'page views a minute',
            'slices so far',
            'new slice from raw, ms',
            'minute from slices, ms',
            'minute from raw instead, ms',
          ],
          rows,
        ),
        '',
        'Each minute counted at the end what was written into it.',
      ].join('\n'),
      chart: (caption) =>
        drawCharts(
          sizes.map((size) => ({
            title: `A minute of ${size} page views: roll-up after each slice`,
            unit: 'ms',
            series: (['slice', 'minute', 'whole'] as const).map((what) => ({
              name: { slice: 'new slice', minute: 'minute', whole: 'minute from raw' }[what],
              points: results.get(size)![0]!.map((costs, i) => [i + 1, costs[what]] as const),
            })),
          })),
          'slices',
          caption,
        ),
    },
    record,
  )
}

async function fillMinute(size: number, pages: number): Promise<Costs[]> {
  await using store = await BenchStore.open()
  const { db, retention } = store
  const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS
  const rollUp = new RollUp({ db, retention })
  const marker = new Marker()
  const perSlice = Math.round(size / SLICES)
  const costs: Costs[] = []
  for (let i = 0; i < SLICES; i++) {
    const sliceMs = startMs + i * SLICE_MS
    await db.command(
      `INSERT INTO page_views_raw (event_time, page_id, user_id, duration_ms, user_agent, ip_address, region, is_bounce, kafka_partition, kafka_offset, event_id)
       SELECT fromUnixTimestamp64Milli(toInt64(${sliceMs} + number % ${SLICE_MS}), 'UTC'), concat('/page-', toString(toUInt32(exp(cityHash64(number, 1) / 18446744073709551616. * log(${pages + 1}))))),
         concat('u-', toString(cityHash64(number, 2, ${i}) % 50000)), 10000 + cityHash64(number, 3) % 590000, 'Mozilla/5.0', toIPv6('203.0.113.9'),
         ['EU', 'US', 'APAC'][1 + number % 3], number % 10 = 0, 0, number, generateUUIDv4()
       FROM numbers(${i * perSlice}, ${perSlice})`,
    )
    await markWindows(db, [{ level: 'slice', startMs: sliceMs }], marker)
    const { tookMs } = await rollUp.run((level) => level !== 'hour')
    costs.push({
      slice: tookMs.slice ?? 0,
      minute: tookMs.minute ?? 0,
      whole: await fromRaw(store, startMs, (i + 1) * perSlice),
    })
  }
  const [{ views } = { views: 0 }] = await db.query<{ views: number }>(
    `SELECT sum(view_count) AS views FROM ${AGGREGATE_TABLES.minute.breakdowns} FINAL WHERE dimension = 'all'`,
  )
  if (views !== SLICES * perSlice)
    throw new Error(`the minute counts ${views} page views of ${SLICES * perSlice}`)
  return costs
}

/** The minute computed from its raw rows, as it would be without slices; the version is an old one, so that nothing is replaced by it. */
async function fromRaw({ db }: BenchStore, startMs: number, rows: number): Promise<number> {
  const began = performance.now()
  const statements = recompute('minute', 'raw', [startMs], 1n, rows, db.place)
  await Promise.all(statements.map(({ sql, settings = {} }) => db.command(sql, { settings })))
  return performance.now() - began
}
