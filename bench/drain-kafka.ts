import { BenchBroker } from './lib/broker.ts'
import { benchmark, count, listOption, someOf } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { report } from './lib/report.ts'
import { alternately, type Contender, tableOf } from './lib/run.ts'
import { say, thousands } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'
import { drainByKafkaEngine } from './peers/kafka-engine.ts'
import { drainNaively } from './peers/naive.ts'

const CONTENDERS = ['millrace', 'engine', 'naive'] as const
type Name = (typeof CONTENDERS)[number]

interface Options {
  readonly events: number
  readonly runs: number
  readonly only: readonly Name[]
  readonly engineBlock: number
  readonly engineFlush: number
  readonly record?: true
}

export const drainKafka = benchmark(
  'drain-kafka',
  "How fast does a backlog in a Kafka broker become aggregates, beside ClickHouse's own Kafka engine and a naive consumer?",
)
  .option('--events <n>', 'messages of the backlog', count, 3_000_000)
  .option('--runs <n>', 'how often each', count, 3)
  .addOption(listOption('--only <names>', 'some of millrace,engine,naive', someOf(CONTENDERS), CONTENDERS))
  .option('--engine-block <rows>', 'kafka_max_block_size of the engine', count, 262_144)
  .option('--engine-flush <ms>', 'kafka_flush_interval_ms of the engine', count, 2_000)
  .action(run)

/** One topic, written once, read by each in turn with a group and a ClickHouse of its own. */
async function run({ events, runs, only, engineBlock, engineFlush, record }: Options): Promise<void> {
  const topic = 'page-views'
  await using broker = await BenchBroker.start()
  await using system = await BenchSystem.create({
    ...BACKLOG_SETTINGS,
    MILLRACE_KAFKA_BROKERS: broker.bootstrap,
    MILLRACE_KAFKA_TOPIC: topic,
  })
  const produced = await produceBacklog(system, events, {}, broker.pids)
  say(`produced ${events} messages, ${thousands(produced.perSecond)} a second`)

  const engine = { consumers: 2, blockRows: engineBlock, flushMs: engineFlush }
  const all: Readonly<Record<Name, Contender>> = {
    millrace: {
      name: 'Millrace',
      run: async (round) => {
        await system.forgetStore()
        return drain(system, events, { MILLRACE_KAFKA_GROUP: `millrace-${round}` }, broker.pids)
      },
    },
    engine: {
      name: 'Kafka engine of ClickHouse',
      run: (round) => drainByKafkaEngine(broker, topic, `engine-${round}`, events, engine),
    },
    naive: {
      name: 'naive consumer',
      run: (round) => drainNaively(broker, topic, `naive-${round}`, events),
    },
  }
  const measured = await alternately(
    only.map((name) => all[name]),
    runs,
  )
  report(
    {
      name: 'drain-kafka',
      title: `A backlog of ${events} messages in a Kafka broker`,
      body: `${tableOf(measured)}\n\n\`verify\` agreed after each run of Millrace. The engine had 2 consumers, blocks of ${engineBlock} rows and a flush every ${engineFlush} ms.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
