import { resolve } from 'node:path'
import { Days } from '../../src/rollup/days.ts'
import { drawBars } from '../lib/bars.ts'
import { benchmark, count } from '../lib/command.ts'
import { report } from '../lib/report.ts'
import { table } from '../lib/run.ts'
import { say } from '../lib/say.ts'
import { quantile, spread } from '../lib/statistics.ts'
import { BenchSystem } from '../lib/system.ts'
import { until } from '../lib/wait.ts'
import { askAgain, askCold, SPANS } from './ask.ts'
import { makeAggregates } from './made-aggregates.ts'

interface Options {
  readonly events: number
  readonly pages: number
  readonly users: number
  readonly requests: number
  readonly runs: number
  readonly every?: number
  readonly load?: number
  readonly keep?: string
  readonly record?: true
}

export const query = benchmark(
  'query',
  'How long does GET /query/aggregates take over 1 h, 24 h and 30 d when there are 100 million page views behind it?',
)
  .option('--events <n>', 'page views that the aggregates are made of', count, 100_000_000)
  .option('--pages <n>', 'distinct pages', count, 1_000)
  .option('--users <n>', 'distinct users', count, 5_000_000)
  .option('--requests <n>', 'of each span in a run, one after the other', count, 100)
  .option('--runs <n>', 'how often', count, 3)
  .option(
    '--every <seconds>',
    'from one request of a span to the next where they are not computed each time; without it one follows the other',
    count,
  )
  .option('--load <n>', 'events a second that come meanwhile', count)
  .option(
    '--keep <directory>',
    'keep the data there, and use what another run kept there within the last hour',
  )
  .action(run)

const DAYS = 30
const MINUTE_DAYS = 7
const MERGE_SECONDS = 300

async function run({
  events,
  pages,
  users,
  requests,
  runs,
  every,
  load,
  keep,
  record,
}: Options): Promise<void> {
  // A day more than is asked about, so that nothing of it expires meanwhile.
  const settings = {
    MILLRACE_CLICKHOUSE_MEMORY: '4G',
    MILLRACE_MINUTE_TTL_DAYS: String(MINUTE_DAYS + 1),
    MILLRACE_GENERATE: load === undefined ? 'off' : 'on',
    MILLRACE_SPEED: String(load ?? 0),
  }
  await using system = await BenchSystem.create(settings, keep && resolve(keep))
  let service = system.start('consumer', '--init-schema')
  await system.ready(system.consumerUrl, service)
  const began = performance.now()
  const made = { events, pages, users, days: DAYS, minuteDays: MINUTE_DAYS, nowMs: Date.now() }
  const there = await system.number('SELECT count() FROM page_views_agg_hour')
  if (there === 0) await makeAggregates(made, (sql) => system.write(sql))
  await buildDays(system)
  await until('Merging', MERGE_SECONDS, async () => {
    const merges = await system.number('SELECT count() FROM system.merges')
    return { done: merges === 0, so: `${merges} merges` }
  })
  const sizes = await sizesOf(system)
  say(`${there === 0 ? 'made' : 'found'} in ${((performance.now() - began) / 1_000).toFixed(0)} s:\n${sizes}`)

  const cold = new Map<string, number[]>(SPANS.map(({ name }) => [name, []]))
  const warm = new Map<string, (readonly number[])[]>(SPANS.map(({ name }) => [name, []]))
  const anew = new Map<string, (readonly number[])[]>(SPANS.map(({ name }) => [name, []]))
  for (let round = 1; round <= runs; round++) {
    for (const span of SPANS) {
      await system.end(service)
      const first = await askCold(system, span)
      service = first.service
      cold.get(span.name)!.push(first.ms)
      say(`round ${round} of ${runs}  ${span.name} cold: ${first.ms.toFixed(0)} ms`)
    }
    const producer = load === undefined ? undefined : system.start('producer')
    if (producer) await system.ready(system.producerUrl, producer)
    for (const [results, computed] of [
      [warm, false],
      [anew, true],
    ] as const) {
      const how = { anew: computed, everyMs: computed ? 0 : 1_000 * (every ?? 0) }
      for (const [name, ms] of await askAgain(system, requests, how)) {
        results.get(name)!.push(ms)
        say(
          `round ${round} of ${runs}  ${name}${computed ? ', computed each time' : ''}: p50 ${quantile(ms, 0.5).toFixed(0)}, p95 ${quantile(ms, 0.95).toFixed(0)}, p99 ${quantile(ms, 0.99).toFixed(0)} ms`,
        )
      }
    }
    if (producer) await system.end(producer)
  }
  const ms = (numbers: readonly number[]): string => spread(numbers, (n) => n.toFixed(0))
  const rows = SPANS.map(({ name }) => [
    name,
    ...[0.5, 0.95, 0.99].map((q) => ms(warm.get(name)!.map((run) => quantile(run, q)))),
    ...[0.5, 0.95].map((q) => ms(anew.get(name)!.map((run) => quantile(run, q)))),
    ms(cold.get(name)!),
  ])
  report(
    {
      name: 'query',
      title: `GET /query/aggregates over what ${events} page views leave behind`,
      body: [
        table(
          [
            'span',
            'p50, ms',
            'p95, ms',
            'p99, ms',
            'computed each time: p50, ms',
            'p95, ms',
            'first one, cold, ms',
          ],
          rows,
        ),
        '',
        `${requests} requests of each span in a run, in turn, over HTTP, as they are asked (${every === undefined ? 'one after the other' : `each every ${every} s`}; a slow answer is shared for a while) and computed each time (each wants a few pages more or less than the one before); ${load === undefined ? 'nothing else went on' : `${load} events/s came meanwhile`}. Cold: the first request of a server that was just started, the files of its tables out of the kernel's cache.`,
        '',
        `Made by SQL (bench/query/made-aggregates.ts) of ${events} page views over ${DAYS} days, ${pages} pages, ${users} users; of the last ${MINUTE_DAYS} days minutes too. Days were built as the consumer builds them, without its rests. No raw rows: the query reads none.`,
        '',
        sizes,
      ].join('\n'),
      chart: (caption) =>
        drawBars(
          [
            {
              title: '95th percentile, ms',
              bars: SPANS.map(({ name }) => ({
                name,
                values: warm.get(name)!.map((run) => quantile(run, 0.95)),
              })),
            },
            {
              title: 'First request, cold, ms',
              bars: SPANS.map(({ name }) => ({ name, values: cold.get(name)! })),
            },
          ],
          caption,
        ),
    },
    record,
  )
}

/** The consumer does the same at the same time, with rests. */
async function buildDays(system: BenchSystem): Promise<void> {
  const db = await system.database()
  const days = new Days({ db })
  try {
    for (let n = 1; await days.buildNext(); n++) if (n % 5 === 0) say(`  built ${n} days`)
  } finally {
    await db.close()
  }
}

async function sizesOf(system: BenchSystem): Promise<string> {
  const tables = ['minute', 'hour', 'day'].flatMap((level) => [
    `page_views_agg_${level}`,
    `page_views_breakdown_${level}`,
  ])
  const rows = []
  for (const name of tables) {
    const of = (expression: string): Promise<number> =>
      system.number(`SELECT ${expression} FROM system.parts WHERE active AND table = '${name}'`)
    rows.push([
      name,
      String(await of('sum(rows)')),
      (await of('sum(bytes_on_disk)')).toLocaleString('en'),
      String(await of('count()')),
    ])
  }
  return table(['table', 'rows', 'bytes', 'parts'], rows)
}
