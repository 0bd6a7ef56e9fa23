import { Consumer } from '../src/consumer/consumer.ts'
import { Retrier } from '../src/consumer/retry.ts'
import { openLmdbLog } from '../src/log/lmdb/open.ts'
import type { EventLog } from '../src/log/port.ts'
import { Generator } from '../src/producer/generator/generator.ts'
import { encodeErrors } from '../src/store/error-rows.ts'
import type { Store } from '../src/store/port.ts'
import { benchmark, count } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { look, type Measured, measuredOf } from './lib/measured.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'
import { removeTemporary, temporaryDirectory } from './lib/temporary.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly record?: true
}

/** The store is one that encodes and forgets, so nothing of a server, of HTTP and of the roll-up is in it. One process and no other. */
export const consumerAlone = benchmark(
  'consumer-alone',
  'What does a message cost the consumer itself, from the embedded log to the bytes that go to ClickHouse?',
)
  .option('--events <n>', 'messages of the log', count, 1_500_000)
  .option('--runs <n>', 'how often', count, 3)
  .action(run)

const PARTITIONS = 6
/** As the sender appends them at most. */
const APPEND = 6_000
/** How long the store says that a block takes, in milliseconds. */
const WRITE_MS = 300

/** Encodes and forgets. */
const FORGETTING: Store = {
  async insertPageViews(blocks) {
    for (const block of blocks) block.encode()
    await new Promise((resolve) => setTimeout(resolve, WRITE_MS))
  },
  async insertErrors(rows) {
    encodeErrors(rows)
  },
  async insertGaps() {},
  async markStale() {},
  async ping() {},
}

async function run({ events, runs, record }: Options): Promise<void> {
  const dataDir = await temporaryDirectory('consumer-alone')
  const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: PARTITIONS })
  try {
    await fill(log, events)
    const consuming = (round: number): Promise<Measured> => consume(log, `group-${round}`, events)
    const measured = await alternately([{ name: 'consumer', run: consuming }], runs)
    report(
      {
        name: 'consumer-alone',
        title: `The consumer alone: ${events} messages of the embedded log, and a store that forgets them`,
        body: tableOf(measured),
        chart: (caption) => drawContenders(measured, caption),
      },
      record,
    )
  } finally {
    await close()
    await removeTemporary(dataDir)
  }
}

async function fill(into: EventLog, events: number): Promise<void> {
  const writer = await into.writer()
  const now = Date.now()
  const generator = new Generator({ seed: 7, shares: { bounces: 0.1, invalid: 0.05, repeats: 0.01 } })
  for (let first = 0; first < events; first += APPEND) {
    const count = Math.min(APPEND, events - first)
    await writer.append(
      Array.from({ length: count }, (_, i) => {
        const { key, value } = generator.next(now)
        return {
          partition: (first + i) % PARTITIONS,
          key: Buffer.from(key),
          value: Buffer.from(value),
          timestampMs: now,
        }
      }),
    )
  }
  await writer.close()
}

async function consume(from: EventLog, group: string, events: number): Promise<Measured> {
  const reader = await from.reader(group)
  const done = new AbortController()
  let left = events
  const before = look([process.pid])
  await new Consumer({
    reader,
    store: FORGETTING,
    retrier: new Retrier({ giveUp: new AbortController().signal, now: Date.now, random: Math.random }),
    topic: from.topic,
    maxAgeMs: null,
    maxFutureMs: 300_000,
    mode: 'hybrid',
    maxMessages: 500_000,
    intervalMs: 250,
    now: Date.now,
    monotonic: () => performance.now(),
    pressure: () => 1,
    onFlushed: ({ messages }) => {
      left -= messages
      if (left <= 0) done.abort()
    },
  }).run(done.signal)
  return measuredOf(events, before, look([process.pid]))
}
