import { benchmark, count, counts, listOption } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'
import { say, thousands } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly sizes: readonly number[]
  readonly record?: true
}

export const batchSize = benchmark(
  'batch-size',
  'What does an event cost when batches are small or large (MILLRACE_CONSUMER_BATCH_SIZE)?',
)
  .option('--events <n>', 'messages of the backlog', count, 300_000)
  .option('--runs <n>', 'how often each', count, 3)
  .addOption(listOption('--sizes <numbers>', 'messages of a batch', counts, [1_000, 10_000, 50_000, 250_000]))
  .action(run)

/** One backlog in the embedded log, read with each size as another group into another ClickHouse. Batches are by number only. */
async function run({ events, runs, sizes, record }: Options): Promise<void> {
  await using system = await BenchSystem.create(BACKLOG_SETTINGS)
  const produced = await produceBacklog(system, events)
  say(`produced ${events} messages, ${thousands(produced.perSecond)} a second`)
  const measured = await alternately(
    sizes.map((size) => ({
      name: `batches of ${size}`,
      run: async (round) => {
        await system.forgetStore()
        return drain(system, events, {
          MILLRACE_KAFKA_GROUP: `group-${size}-${round}`,
          MILLRACE_CONSUMER_BATCH_SIZE: String(size),
        })
      },
    })),
    runs,
  )
  report(
    {
      name: 'batch-size',
      title: `${events} messages in the embedded log, by batch size`,
      body: `${tableOf(measured)}\n\n\`verify\` agreed after each run.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
