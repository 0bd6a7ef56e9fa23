import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBars } from './lib/bars.ts'
import { BenchBroker } from './lib/broker.ts'
import { benchmark, count, listOption, someOf } from './lib/command.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import type { Measured } from './lib/measured.ts'
import { report } from './lib/report.ts'
import { tableOf } from './lib/run.ts'
import { say, thousands } from './lib/say.ts'
import { median } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'

const CODECS = ['none', 'lz4', 'zstd', 'snappy', 'gzip'] as const

interface Options {
  readonly events: number
  readonly runs: number
  readonly codecs: readonly string[]
  readonly record?: true
}

export const compression = benchmark(
  'compression',
  'What does each codec cost the producer and the consumer, and what does it save in a Kafka broker?',
)
  .option('--events <n>', 'messages of a run', count, 500_000)
  .option('--runs <n>', 'how often each', count, 3)
  .addOption(listOption('--codecs <names>', 'which', someOf(CODECS), CODECS))
  .action(run)

/** Each run has a topic and a store of its own. */
async function run({ events, runs, codecs, record }: Options): Promise<void> {
  const sent = new Map<string, Measured[]>(codecs.map((codec) => [codec, []]))
  const drained = new Map<string, Measured[]>(codecs.map((codec) => [codec, []]))
  const bytes = new Map<string, number[]>(codecs.map((codec) => [codec, []]))
  await using broker = await BenchBroker.start()
  for (let round = 1; round <= runs; round++) {
    for (const codec of round % 2 === 1 ? codecs : codecs.toReversed()) {
      const topic = `${codec}-${round}`
      await using system = await BenchSystem.create({
        ...BACKLOG_SETTINGS,
        MILLRACE_KAFKA_BROKERS: broker.bootstrap,
        MILLRACE_KAFKA_TOPIC: topic,
        MILLRACE_KAFKA_COMPRESSION: codec,
      })
      const produced = await produceBacklog(system, events, {}, broker.pids)
      const size = (await bytesOf(broker.directory, topic)) / events
      const consumed = await drain(system, events, {}, broker.pids)
      sent.get(codec)!.push(produced)
      drained.get(codec)!.push(consumed)
      bytes.get(codec)!.push(size)
      say(
        `round ${round} of ${runs}  ${codec.padEnd(7)} sent ${thousands(produced.perSecond)}, drained ${thousands(consumed.perSecond)}, ${size.toFixed(0)} bytes a message`,
      )
    }
  }
  const sizes = codecs.map((codec) => `${codec} ${median(bytes.get(codec)!).toFixed(0)}`).join(', ')
  report(
    {
      name: 'compression',
      title: `Compression on the way to a Kafka broker: ${events} messages`,
      body: `Sent, generation included:\n\n${tableOf(sent)}\n\nDrained:\n\n${tableOf(drained)}\n\nBytes of the broker's segments for each message: ${sizes}.`,
      chart: (caption) =>
        drawBars(
          [
            {
              title: 'Bytes in the broker a message',
              bars: codecs.map((name) => ({ name, values: bytes.get(name)! })),
            },
            {
              title: 'Producer, µs of a processor a message',
              bars: codecs.map((name) => ({ name, values: costs(sent.get(name)!) })),
            },
            {
              title: 'Consumer and ClickHouse, µs of a processor a message',
              bars: codecs.map((name) => ({ name, values: costs(drained.get(name)!) })),
            },
          ],
          caption,
        ),
    },
    record,
  )
}

function costs(runs: readonly Measured[]): number[] {
  return runs.map(({ cpuMicroseconds }) => cpuMicroseconds)
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
