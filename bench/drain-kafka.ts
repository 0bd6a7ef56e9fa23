import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { alternately, type Contender, report, say, tableOf, thousands } from './lib/run.ts'
import { BenchSystem } from './lib/system.ts'
import { drainByKafkaEngine } from './peers/kafka-engine.ts'
import { drainNaively } from './peers/naive.ts'

/**
 * The question: how fast does a backlog in a real broker become aggregates, by us, by ClickHouse's own Kafka engine and by a
 * naive consumer? One topic, written once, read by each in turn with a group and a ClickHouse of its own.
 */
const options = new Command('drain-kafka')
  .description(
    'a backlog in a Kafka broker, drained by Millrace, by the Kafka engine of ClickHouse and naively, in turn',
  )
  .option('--events <n>', 'messages of the backlog', '3000000')
  .option('--runs <n>', 'how often each', '3')
  .option('--only <names>', 'some of millrace,engine,naive', 'millrace,engine,naive')
  .option('--record', 'keep the result in bench/RESULTS.md')
  .parse()
  .opts<{ events: string; runs: string; only: string; record?: true }>()
const events = Number(options.events)
const topic = 'page-views'

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-kafka-'))
try {
  await using broker = await KafkaCluster.start({ version: '4', brokers: 1, directory })
  await using system = await BenchSystem.create({
    ...BACKLOG_SETTINGS,
    MILLRACE_KAFKA_BROKERS: broker.bootstrap,
    MILLRACE_KAFKA_TOPIC: topic,
  })
  const produced = await produceBacklog(system, events)
  say(
    `produced ${events} messages, ${thousands(produced.perSecond)} a second, ${produced.cpuMicroseconds.toFixed(1)} µs each`,
  )

  const all: Record<string, Contender> = {
    millrace: {
      name: 'Millrace',
      run: async (round) => {
        await system.forgetStore()
        return drain(system, events, { MILLRACE_KAFKA_GROUP: `millrace-${round}` })
      },
    },
    engine: {
      name: 'Kafka engine of ClickHouse',
      run: (round) => drainByKafkaEngine(broker.bootstrap, topic, `engine-${round}`, events),
    },
    naive: {
      name: 'naive consumer',
      run: (round) => drainNaively(broker.bootstrap, topic, `naive-${round}`, events),
    },
  }
  const contenders = options.only.split(',').map((name) => {
    const contender = all[name]
    if (!contender) throw new Error(`--only: "${name}" is none of ${Object.keys(all).join(', ')}`)
    return contender
  })
  const measured = await alternately(contenders, Number(options.runs))
  report(`A backlog of ${events} messages in a Kafka broker`, tableOf(measured), options.record ?? false)
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
