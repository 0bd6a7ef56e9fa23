import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { BACKLOG_SETTINGS, produceBacklog } from './lib/drain.ts'
import { usageOfEndedChildren } from './lib/processes.ts'
import { alternately, type Contender, type Measured, report, tableOf } from './lib/run.ts'
import { BenchSystem } from './lib/system.ts'

/**
 * The question: how many events a second does the producer generate and send, by each strategy, beside Kafka's own
 * kafka-producer-perf-test, which sends bytes that it made before? One broker, all acknowledgements.
 */
const options = new Command('produce')
  .description("the producer's strategies on a Kafka broker, beside kafka-producer-perf-test, in turn")
  .option('--events <n>', 'events of a run, for batch and for the perf test', '1000000')
  .option('--slow-events <n>', 'events of a run, for sync and async', '100000')
  .option('--runs <n>', 'how often each', '3')
  .option('--record', 'keep the result in bench/RESULTS.md')
  .parse()
  .opts<{ events: string; slowEvents: string; runs: string; record?: true }>()
const events = Number(options.events)
const fewer = Number(options.slowEvents)
const topic = 'page-views'
const MESSAGE_BYTES = '300'

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-kafka-'))
try {
  await using broker = await KafkaCluster.start({ version: '4', brokers: 1, directory })
  await using system = await BenchSystem.create({
    ...BACKLOG_SETTINGS,
    MILLRACE_KAFKA_BROKERS: broker.bootstrap,
    MILLRACE_KAFKA_TOPIC: topic,
  })
  const strategy = (name: string, count: number): Contender => ({
    name: `Millrace, ${name}`,
    run: () => produceBacklog(system, count, { MILLRACE_STRATEGIES: `${name}=1` }),
  })
  const contenders = [
    strategy('batch', events),
    strategy('async', fewer),
    strategy('sync', fewer),
    { name: 'kafka-producer-perf-test', run: () => perfTest(broker) },
  ]
  const measured = await alternately(contenders, Number(options.runs))
  report(
    `Producing into a Kafka broker: ${events} events in batches, ${fewer} else`,
    tableOf(measured),
    options.record ?? false,
  )
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

async function perfTest(broker: KafkaCluster): Promise<Measured> {
  const before = usageOfEndedChildren()
  const output = await broker.tool('org.apache.kafka.tools.ProducerPerformance', [
    ...[
      '--topic',
      topic,
      '--num-records',
      String(events),
      '--record-size',
      MESSAGE_BYTES,
      '--throughput',
      '-1',
    ],
    ...['--producer-props', `bootstrap.servers=${broker.bootstrap}`, 'acks=all', 'linger.ms=5'],
  ])
  const cpuSeconds = usageOfEndedChildren() - before
  const rates = [...output.matchAll(/([\d.,]+) records\/sec/g)].map((match) =>
    Number(match[1]!.replace(',', '.')),
  )
  const perSecond = rates.at(-1)
  if (perSecond === undefined) throw new Error(`no rate in what the tool printed:\n${output}`)
  const cpuMicroseconds = (cpuSeconds / events) * 1e6
  return { perSecond, cpuMicroseconds, byProcess: `java ${cpuMicroseconds.toFixed(1)}` }
}
