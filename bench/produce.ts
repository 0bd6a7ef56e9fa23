import { BenchBroker } from './lib/broker.ts'
import { benchmark, count } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { look, type Measured, measuredOf } from './lib/measured.ts'
import { usageOfEndedChildren } from './lib/processes.ts'
import { report } from './lib/report.ts'
import { alternately, type Contender, tableOf } from './lib/run.ts'
import { say } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'

const TOPIC = 'page-views'
const PERF_TOPIC = 'perf-test'
const PARTITIONS = '6'
const MESSAGE_BYTES = '300'

interface Options {
  readonly events: number
  readonly slowEvents: number
  readonly runs: number
  readonly record?: true
}

export const produce = benchmark(
  'produce',
  "How many events a second does the producer generate and send by each strategy, beside Kafka's own kafka-producer-perf-test?",
)
  .option('--events <n>', 'events of a run, for batch and for the perf test', count, 1_000_000)
  .option('--slow-events <n>', 'events of a run, for sync and async', count, 100_000)
  .option('--runs <n>', 'how often each', count, 3)
  .action(run)

/** One broker, all acknowledgements. The perf test sends bytes that it made before. */
async function run({ events, slowEvents, runs, record }: Options): Promise<void> {
  await using broker = await BenchBroker.start()
  await using system = await BenchSystem.create({
    ...BACKLOG_SETTINGS,
    MILLRACE_KAFKA_BROKERS: broker.bootstrap,
    MILLRACE_KAFKA_TOPIC: TOPIC,
    MILLRACE_LOG_PARTITIONS: PARTITIONS,
  })
  const bootstrap = ['--bootstrap-server', broker.bootstrap]
  const perfTopic = ['--create', '--topic', PERF_TOPIC, '--partitions', PARTITIONS]
  await broker.cluster.tool('org.apache.kafka.tools.TopicCommand', [...bootstrap, ...perfTopic])
  const strategy = (name: string, number: number): Contender => ({
    name: `Millrace, ${name}`,
    run: () => produceBacklog(system, number, { MILLRACE_STRATEGIES: `${name}=1` }, broker.pids),
  })
  const contenders = [
    strategy('batch', events),
    strategy('async', slowEvents),
    strategy('sync', slowEvents),
    { name: 'kafka-producer-perf-test', run: () => perfTest(broker, events) },
  ]
  const measured = await alternately(contenders, runs)
  say('all of it is read and verified')
  await drain(system, runs * (events + 2 * slowEvents), {}, broker.pids)
  report(
    {
      name: 'produce',
      title: `Producing into a Kafka broker: ${events} events in batches, ${slowEvents} else`,
      body: `${tableOf(measured)}\n\nAt the end all of it was read into ClickHouse, and \`verify\` agreed.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}

async function perfTest(broker: BenchBroker, events: number): Promise<Measured> {
  const before = look(broker.pids)
  const endedBefore = usageOfEndedChildren()
  const topic = ['--topic', PERF_TOPIC]
  const records = ['--num-records', String(events), '--record-size', MESSAGE_BYTES, '--throughput', '-1']
  const properties = ['--producer-props', `bootstrap.servers=${broker.bootstrap}`, 'acks=all', 'linger.ms=5']
  const output = await broker.cluster.tool('org.apache.kafka.tools.ProducerPerformance', [
    ...topic,
    ...records,
    ...properties,
  ])
  const after = look(broker.pids)
  const java = { pid: -1, name: 'java', cpuSeconds: usageOfEndedChildren() - endedBefore, ownBytes: 0 }
  const rates = [...output.matchAll(/([\d.,]+) records\/sec/g)].map((match) =>
    Number(match[1]!.replace(',', '.')),
  )
  const perSecond = rates.at(-1)
  if (perSecond === undefined) throw new Error(`no rate in what the tool printed:\n${output}`)
  return { ...measuredOf(events, before, { ...after, usage: [...after.usage, java] }), perSecond }
}
