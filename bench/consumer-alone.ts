import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { Consumer } from '../src/consumer/consumer.ts'
import { Retrier } from '../src/consumer/retry.ts'
import { openLmdbLog } from '../src/log/lmdb/open.ts'
import type { EventLog } from '../src/log/port.ts'
import { Generator } from '../src/producer/generator/generator.ts'
import { encodeErrors } from '../src/store/error-rows.ts'
import type { Store } from '../src/store/port.ts'
import { spread } from './lib/statistics.ts'

/**
 * The question: what does a message cost the consumer itself, from the embedded log to the bytes that go to ClickHouse? The store is one
 * that encodes and forgets, so nothing of a server, of HTTP and of the roll-up is in it. One process and no other.
 */
const options = new Command('consumer-alone')
  .description('the embedded log read into columns, without a store')
  .option('--events <n>', 'messages of the log', '1500000')
  .option('--runs <n>', 'how often', '3')
  .parse()
  .opts<{ events: string; runs: string }>()
const events = Number(options.events)

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

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: PARTITIONS })
try {
  await fill(log)
  const micros: number[] = []
  for (let run = 1; run <= Number(options.runs); run++) micros.push(await consume(log, `group-${run}`))
  process.stdout.write(`${spread(micros, perMessage)} a message\n`)
} finally {
  await close()
  await rm(dataDir, { recursive: true, force: true })
}

async function fill(into: EventLog): Promise<void> {
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

/** @returns processor time of a message in microseconds, this process's threads all together */
async function consume(from: EventLog, group: string): Promise<number> {
  const reader = await from.reader(group)
  const done = new AbortController()
  let left = events
  const before = process.cpuUsage()
  const began = performance.now()
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
    isBehind: () => true,
    onFlushed: ({ messages }) => {
      left -= messages
      if (left <= 0) done.abort()
    },
  }).run(done.signal)
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(before)
  const micros = (user + system) / events
  process.stdout.write(`${(events / seconds / 1_000).toFixed(0)}k/s, ${perMessage(micros)} a message\n`)
  return micros
}

function perMessage(micros: number): string {
  return `${micros.toFixed(2)} µs`
}
