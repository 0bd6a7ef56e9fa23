import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { LIMITS, toWire } from '../../src/event/page-view.ts'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import type { OutgoingRecord } from '../../src/log/port.ts'
import { VIEW } from '../consumer/messages.ts'
import { hostileValue } from '../helpers/hostile-messages.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { TallyStore } from '../helpers/tally-store.ts'
import { consumeAll } from './consumer.ts'

const NOW = Date.parse('2026-11-23T05:12:44.120Z')
const HOSTILE = 100_000
const GOOD = 2_000
/** What one batch and the one that is written meanwhile may hold, with room for the garbage of others. */
const MEMORY = 400 * 2 ** 20

test('100,000 hostile messages in a row: each in one place, memory bounded, good ones not starved', async (t) => {
  const { log, close } = await openLmdbLog({
    dataDir: await temporaryDirectory(t),
    topic: 'page-views',
    partitions: 2,
  })
  t.after(close)
  const writer = await log.writer()
  // One seed, so that it is the same messages on every run. Large ones are rare: a hundred of them are 100 MB.
  const samples = fc.sample(hostileValue(NOW), { seed: 7, numRuns: 3_000 })
  const small = samples.filter(({ length }) => length < 4_096)
  const large = samples.filter(({ length }) => length >= 4_096 && length <= LIMITS.messageBytes)
  assert.ok(small.length > 2_000 && large.length > 10)
  const record = (partition: number, key: Buffer | null, value: Uint8Array | null): OutgoingRecord => {
    return { partition, key, value: value && Buffer.from(value), timestampMs: NOW }
  }
  // Keys that are unique, so that none is a repeat of another: of every sort, up to the limit.
  const keyOf = (i: number) =>
    [
      Buffer.from(randomUUID()),
      null,
      Buffer.from(`\0${i}\xff`, 'latin1'),
      Buffer.alloc(LIMITS.keyBytes, `${i} `),
    ][i % 4]!
  let batch: OutgoingRecord[] = []
  for (let i = 0; i < HOSTILE; i++) {
    const value =
      i % 1_000 === 0 ? large[(i / 1_000) % large.length]! : i % 997 === 0 ? null : small[i % small.length]!
    batch.push(record(0, keyOf(i), value))
    if (batch.length === 2_000) {
      await writer.append(batch)
      batch = []
    }
  }
  const good = Buffer.from(JSON.stringify(toWire({ ...VIEW, timestampMs: NOW })))
  await writer.append(Array.from({ length: GOOD }, () => record(1, Buffer.from(randomUUID()), good)))

  const store = new TallyStore()
  const before = memory()
  let most = 0
  let hostileWhenGoodWereDone: number | undefined
  await consumeAll(log, store, NOW, () => {
    most = Math.max(most, memory() - before)
    if (hostileWhenGoodWereDone === undefined && store.views.has(`1/${GOOD - 1}`)) {
      hostileWhenGoodWereDone = store.views.size + store.errors.size - GOOD
    }
  })
  t.diagnostic(
    `${Math.round(most / 2 ** 20)} MiB more, good ones done after ${hostileWhenGoodWereDone} hostile ones`,
  )
  store.assertEachOnce(Array.from({ length: HOSTILE }, (_, offset) => `0/${offset}`))
  store.assertEachOnce(Array.from({ length: GOOD }, (_, offset) => `1/${offset}`))
  assert.ok(
    Array.from({ length: GOOD }, (_, offset) => `1/${offset}`).every((place) => store.views.has(place)),
  )
  assert.equal(store.views.size + store.errors.size, HOSTILE + GOOD)
  assert.ok(most < MEMORY, `${most} bytes`)
  assert.ok(hostileWhenGoodWereDone! < HOSTILE / 2, `${hostileWhenGoodWereDone}`)
})

/** What the process holds beside its code: the heap, and buffers outside of it. Pages of the log's file map are not counted. */
function memory(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
