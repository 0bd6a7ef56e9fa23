import { Option } from 'commander'
import { latencyAt, type RateResult } from './everything/latency-at.ts'
import { sustainedMaximum } from './everything/sustained.ts'
import { BenchBroker } from './lib/broker.ts'
import { benchmark, count, counts, listOption } from './lib/command.ts'
import { distributionOf } from './lib/latency.ts'
import { report } from './lib/report.ts'
import { table } from './lib/run.ts'
import { say } from './lib/say.ts'
import { quantile, spread } from './lib/statistics.ts'
import { drawCharts } from './lib/svg.ts'

interface Options {
  readonly rates: readonly number[]
  readonly seconds: number
  readonly warmUp: number
  readonly runs: number
  readonly search: boolean
  readonly log: 'lmdb' | 'kafka'
  readonly record?: true
}

export const everything = benchmark(
  'everything',
  'Generator, log, consumer and ClickHouse on one machine: how long from an event to its visibility at fixed rates, and which rate can be sustained?',
)
  .addOption(listOption('--rates <numbers>', 'events a second', counts, [1_000, 10_000, 50_000]))
  .option('--seconds <n>', 'how long each rate is measured', count, 30)
  .option('--warm-up <n>', 'seconds before that', count, 10)
  .option('--runs <n>', 'how often each rate', count, 3)
  .addOption(
    new Option('--log <log>', 'the embedded log, or one Kafka broker beside it')
      .choices(['lmdb', 'kafka'])
      .default('lmdb'),
  )
  .option('--no-search', 'leave out the search for the highest rate that can be sustained')
  .action(run)

const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999, 1]

async function run({ rates, seconds, warmUp, runs, search, log, record }: Options): Promise<void> {
  await using broker = log === 'kafka' ? await BenchBroker.start() : undefined
  const results = new Map<number, RateResult[]>(rates.map((rate) => [rate, []]))
  for (let round = 1; round <= runs; round++) {
    for (const rate of round % 2 === 1 ? rates : rates.toReversed()) {
      say(`round ${round} of ${runs}  ${rate} events a second …`)
      const result = await latencyAt({ rate, seconds, warmUp, broker })
      results.get(rate)!.push(result)
      const p99 = milliseconds(quantile(result.latenciesMs, 0.99))
      say(
        `round ${round} of ${runs}  ${rate} events a second: p99 ${p99} ms, ${result.missing} due and never made, others ${result.others.toFixed(1)} processors`,
      )
    }
  }
  const sustained = search ? await sustainedMaximum(broker) : undefined
  const rows = [...results].map(([rate, all]) => [
    `${rate} events/s`,
    ...QUANTILES.map((q) =>
      spread(
        all.map(({ latenciesMs }) => quantile(latenciesMs, q)),
        milliseconds,
      ),
    ),
    spread(
      all.map(({ missing }) => missing),
      String,
    ),
    spread(
      all.map(({ processors }) => processors),
      (n) => n.toFixed(2),
    ),
    spread(
      all.map(({ others }) => others),
      (n) => n.toFixed(1),
    ),
  ])
  const head = QUANTILES.map((q) => (q === 1 ? 'most, ms' : `p${100 * q}, ms`))
  report(
    {
      name: broker ? 'everything-kafka' : 'everything',
      title: `Everything on one machine${broker ? ', with a Kafka broker' : ''}: from the time an event is due to its visibility, ${seconds} s at each rate`,
      body: [
        table(['rate', ...head, 'never made', 'processors used', 'by other work'], rows),
        '',
        `"never made": events that were due and that the generator did not make, or dropped, because it was held up. Looked every ${LOOK_EVERY}. \`verify\` agreed after each run.`,
        ...(sustained === undefined ? [] : ['', sustained]),
      ].join('\n'),
      chart: (caption) =>
        drawCharts(
          [...results].map(([rate, all]) => ({
            title: `${rate} events a second: events that could be seen within x`,
            unit: '%',
            series: all.map(({ latenciesMs }, i) => ({
              name: `run ${i + 1}`,
              points: distributionOf(latenciesMs),
            })),
          })),
          's',
          caption,
        ),
    },
    record,
  )
}

const LOOK_EVERY = '50 ms, so latencies are too high by half of that on average'

function milliseconds(ms: number): string {
  return Number.isFinite(ms) ? ms.toFixed(0) : 'never'
}
