import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH_BYTES, Batcher, type BatchMode } from '../../src/consumer/batcher.ts'
import type { ErrorRow } from '../../src/store/port.ts'
import { batchesOf, keyOf, message } from './messages.ts'

class Clock {
  now = 0
}

function batcherOf(mode: BatchMode): { batcher: Batcher; clock: Clock } {
  const clock = new Clock()
  return {
    clock,
    batcher: new Batcher({ mode, maxMessages: 3, intervalMs: 250, monotonic: () => clock.now }),
  }
}

async function fill(batcher: Batcher, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => message(keyOf(i), {}))
  for (const records of await batchesOf(...messages)) batcher.batch.addRead(records)
}

const CASES: [mode: BatchMode, messages: number, waitedMs: number, due: boolean][] = [
  ['batch', 0, 10_000, false],
  ['batch', 2, 10_000, false],
  ['batch', 3, 0, true],
  ['time', 0, 10_000, false],
  ['time', 100, 249, false],
  ['time', 1, 250, true],
  ['hybrid', 0, 10_000, false],
  ['hybrid', 2, 249, false],
  ['hybrid', 2, 250, true],
  ['hybrid', 3, 0, true],
]

for (const [mode, messages, waitedMs, due] of CASES) {
  test(`${mode}: ${messages} messages after ${waitedMs} ms are ${due ? 'due' : 'not due'}`, async () => {
    const { batcher, clock } = batcherOf(mode)
    if (messages > 0) await fill(batcher, messages)
    batcher.isDue()
    clock.now += waitedMs
    assert.equal(batcher.isDue(), due)
  })
}

test('the time of a batch counts from its first message, and anew for the next one', async () => {
  const { batcher, clock } = batcherOf('hybrid')
  clock.now = 5_000
  assert.equal(batcher.isDue(), false)
  await fill(batcher, 1)
  assert.equal(batcher.isDue(), false)
  clock.now += 250
  assert.equal(batcher.isDue(), true)
  assert.equal(batcher.take().messages, 1)
  assert.equal(batcher.batch.messages, 0)
  await fill(batcher, 1)
  clock.now += 200
  assert.equal(batcher.isDue(), false)
})

test('it fetches no more than fits, and waits no longer than the batch may', async () => {
  const { batcher, clock } = batcherOf('hybrid')
  assert.equal(batcher.limit().maxRecords, 3)
  await fill(batcher, 2)
  batcher.isDue()
  clock.now += 100
  assert.deepEqual([batcher.limit().maxRecords, batcher.limit().maxWaitMs], [1, 150])
})

const ERROR: ErrorRow = {
  topic: 'page-views',
  partition: 0,
  offset: 0,
  key: null,
  value: null,
  reason: 'not_an_object',
  detail: '',
  rejectedAtMs: 0,
}

test('in every mode a batch is due when it holds too many bytes', () => {
  for (const mode of ['batch', 'time', 'hybrid'] as const) {
    const { batcher } = batcherOf(mode)
    batcher.batch.messages = 1
    batcher.batch.addError({ ...ERROR, value: Buffer.alloc(BATCH_BYTES) })
    assert.equal(batcher.isDue(), true, mode)
  }
})

test('a batch of the mode hybrid is filled as long as nobody would look at it, up to a bound', async () => {
  for (const [mode, unseenMs, dueAfterMs] of [
    ['hybrid', 0, 250],
    ['hybrid', 100, 250],
    ['hybrid', 600, 600],
    ['hybrid', 60_000, 2_000],
    ['time', 600, 250],
  ] as const) {
    let now = 0
    const batcher = new Batcher({
      mode,
      maxMessages: 3,
      intervalMs: 250,
      monotonic: () => now,
      unseenMs: () => unseenMs - now,
    })
    await fill(batcher, 1)
    batcher.isDue()
    now = dueAfterMs - 1
    assert.deepEqual([batcher.isDue(), batcher.limit().maxWaitMs], [false, 1], `${mode} ${unseenMs}`)
    now = dueAfterMs
    assert.equal(batcher.isDue(), true, `${mode} ${unseenMs}`)
    now = 0
    await fill(batcher, 2)
    assert.equal(batcher.isDue(), mode === 'hybrid', 'full')
  }
})

test('while a backlog is read, a batch of the mode hybrid is filled for longer', async () => {
  for (const [mode, dueAfterMs] of [
    ['hybrid', 2_000],
    ['time', 250],
  ] as const) {
    let now = 0
    let pressure = 1
    const batcher = new Batcher({
      mode,
      maxMessages: 3,
      intervalMs: 250,
      monotonic: () => now,
      pressure: () => pressure,
    })
    await fill(batcher, 1)
    batcher.isDue()
    now = dueAfterMs - 1
    assert.equal(batcher.isDue(), false, mode)
    now = dueAfterMs
    assert.equal(batcher.isDue(), true, mode)
    now = 300
    assert.equal(batcher.isDue(), mode === 'time', mode)
    pressure = 0.02
    assert.equal(batcher.isDue(), true, mode)
  }
})
