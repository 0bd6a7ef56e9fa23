import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { type Measured, report, say, tableOf, thousands } from './lib/run.ts'
import { median } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'

/**
 * The question: what does each codec cost the producer and the consumer, and what does it save in the broker? Each run has a topic and a
 * store of its own.
 */
const options = new Command('compression')
  .description('messages sent to a Kafka broker and drained from it, with each codec in turn')
  .option('--events <n>', 'messages of a run', '500000')
  .option('--runs <n>', 'how often each', '3')
  .option('--codecs <names>', 'which', 'none,lz4,zstd,snappy,gzip')
  .option('--record', 'keep the result in bench/RESULTS.md')
  .parse()
  .opts<{ events: string; runs: string; codecs: string; record?: true }>()
const events = Number(options.events)
const codecs = options.codecs.split(',')

const sent = new Map<string, Measured[]>(codecs.map((codec) => [codec, []]))
const drained = new Map<string, Measured[]>(codecs.map((codec) => [codec, []]))
const bytes = new Map<string, number[]>(codecs.map((codec) => [codec, []]))

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-kafka-'))
try {
  await using broker = await KafkaCluster.start({ version: '4', brokers: 1, directory })
  for (let run = 1; run <= Number(options.runs); run++) {
    for (const codec of run % 2 === 1 ? codecs : codecs.toReversed()) {
      const topic = `${codec}-${run}`
      await using system = await BenchSystem.create({
        ...BACKLOG_SETTINGS,
        MILLRACE_KAFKA_BROKERS: broker.bootstrap,
        MILLRACE_KAFKA_TOPIC: topic,
        MILLRACE_KAFKA_COMPRESSION: codec,
      })
      const produced = await produceBacklog(system, events)
      const size = (await bytesOf(directory, topic)) / events
      const consumed = await drain(system, events)
      sent.get(codec)!.push(produced)
      drained.get(codec)!.push(consumed)
      bytes.get(codec)!.push(size)
      say(
        `run ${run}  ${codec.padEnd(7)} sent ${thousands(produced.perSecond)}, drained ${thousands(consumed.perSecond)}, ${size.toFixed(0)} bytes a message`,
      )
    }
  }
  const sizes = codecs.map((codec) => `${codec} ${median(bytes.get(codec)!).toFixed(0)}`).join(', ')
  report(
    `Compression on the way to a Kafka broker: ${events} messages`,
    `Sent, generation included:\n\n${tableOf(sent)}\n\nDrained:\n\n${tableOf(drained)}\n\nBytes of the broker's segments for each message: ${sizes}.`,
    options.record ?? false,
  )
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

/** What the segments of a topic take on disk. */
async function bytesOf(directory: string, topic: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const segments = entries.filter(
    ({ name, parentPath }) => name.endsWith('.log') && parentPath.includes(`/${topic}-`),
  )
  const sizes = await Promise.all(
    segments.map(async ({ name, parentPath }) => (await stat(join(parentPath, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
