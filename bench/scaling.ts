import { BenchBroker } from './lib/broker.ts'
import { benchmark, count, counts, listOption } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, produceBacklog } from './lib/drain.ts'
import { drainTogether } from './lib/drain-together.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'
import { say, thousands } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly consumers: readonly number[]
  readonly partitions: number
  readonly record?: true
}

export const scaling = benchmark(
  'scaling',
  'How fast is a backlog in a Kafka broker drained by 1, 2, 4 consumer processes of one group?',
)
  .option('--events <n>', 'messages of the backlog', count, 1_000_000)
  .option('--runs <n>', 'how often each', count, 3)
  .addOption(listOption('--consumers <numbers>', 'how many processes', counts, [1, 2, 4]))
  .option('--partitions <n>', 'of the topic', count, 12)
  .action(run)

/** One topic, written once. All processes write into one ClickHouse, which is a process of its own. */
async function run({ events, runs, consumers, partitions, record }: Options): Promise<void> {
  await using broker = await BenchBroker.start()
  await using system = await BenchSystem.create({
    ...BACKLOG_SETTINGS,
    MILLRACE_KAFKA_BROKERS: broker.bootstrap,
    MILLRACE_LOG_PARTITIONS: String(partitions),
  })
  const produced = await produceBacklog(system, events, {}, broker.pids)
  say(`produced ${events} messages, ${thousands(produced.perSecond)} a second`)
  const measured = await alternately(
    consumers.map((processes) => ({
      name: processes === 1 ? '1 consumer' : `${processes} consumers`,
      run: async (round) => {
        await system.forgetStore()
        const group = `group-${processes}-${round}`
        return drainTogether(system, events, processes, { MILLRACE_KAFKA_GROUP: group }, broker.pids)
      },
    })),
    runs,
  )
  report(
    {
      name: 'scaling',
      title: `${events} messages in a Kafka broker, ${partitions} partitions, drained by several consumers`,
      body: `${tableOf(measured)}\n\n\`verify\` agreed after each run. Broker, consumers and ClickHouse share the machine's processors.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
