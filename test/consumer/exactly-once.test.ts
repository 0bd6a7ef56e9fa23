import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Consumer, type ConsumerOptions } from '../../src/consumer/consumer.ts'
import { Retrier } from '../../src/consumer/retry.ts'
import { MillraceError } from '../../src/errors.ts'
import type { MemoryLog } from '../../src/log/memory.ts'
import type { LogReader } from '../../src/log/port.ts'
import { sliceStart } from '../../src/rollup/levels.ts'
import { FakeStore } from '../helpers/fake-store.ts'
import { seeded } from '../helpers/seed.ts'
import { eventually } from '../helpers/wait.ts'
import { keyOf, logOf, message, NOW, VIEW } from './messages.ts'

/** A crash: whatever was being done is not done, and the process is gone. */
class Crash extends Error {}

function consumerOf(reader: LogReader, store: FakeStore, overrides: Partial<ConsumerOptions> = {}): Consumer {
  const giveUp = new AbortController()
  return new Consumer({
    reader,
    store,
    retrier: new Retrier({
      giveUp: giveUp.signal,
      now: () => NOW,
      random: () => 0,
      firstPauseMs: 1,
      longestPauseMs: 2,
    }),
    topic: 'page-views',
    maxAgeMs: null,
    maxFutureMs: 300_000,
    mode: 'hybrid',
    maxMessages: 3,
    intervalMs: 10,
    now: () => NOW,
    monotonic: () => performance.now(),
    onFlushed: () => {},
    ...overrides,
  })
}

/** Runs until the group has committed everything, and stops. */
async function consumeAll(log: MemoryLog, consumer: Consumer): Promise<void> {
  const stop = new AbortController()
  const running = consumer.run(stop.signal)
  const caughtUp = eventually('everything to be committed', async () => {
    const committed = new Map((await log.committed('g')).map(({ partition, offset }) => [partition, offset]))
    return (await log.bounds()).every(({ partition, end }) => (committed.get(partition) ?? 0) === end)
  })
  await Promise.race([running, caughtUp])
  stop.abort()
  await running
}

test('rows, marks, positions: each only when the one before was acknowledged', async () => {
  const { log, reader } = await logOf(message(keyOf(1), {}), message(keyOf(2), 'broken'))
  const store = new FakeStore()
  const order: string[] = []
  store.fail = (method, when) => when === 'after' && order.push(method)
  const watched: LogReader = {
    ...reader,
    commit: async (positions) => {
      order.push('commit')
      await reader.commit(positions)
    },
  }
  await consumeAll(log, consumerOf(watched, store, { maxMessages: 2 }))
  assert.deepEqual(order, ['insertPageViews', 'insertErrors', 'markStale', 'commit'])
})

test('whatever fails, whenever it is killed: the same set of rows, each marked, nothing lost', async (t) => {
  // Each number is one call's fate: done, failed before, failed after it was done, or the process killed before or after.
  const fate = fc.constantFrom('done', 'done', 'done', 'before', 'after', 'kill before', 'kill after')
  const plan = fc.record({
    fates: fc.array(fate, { maxLength: 60 }),
    events: fc.array(fc.record({ n: fc.nat(12), partition: fc.nat(2), broken: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    }),
    batch: fc.integer({ min: 1, max: 7 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ fates, events, batch }) => {
      const messages = events.map(({ n, partition, broken }) =>
        message(keyOf(n), broken ? 'broken' : { timestampMs: VIEW.timestampMs - n * 3_000 }, partition),
      )
      const { log, reader: first } = await logOf(...messages)
      await first.close()
      const store = new FakeStore()
      const left = [...fates]
      const meet = (when: 'before' | 'after'): void => {
        const next = left[0]
        if (next === undefined) return
        if (when === 'after' || !next.includes('after')) left.shift()
        if (next === `kill ${when}`) throw new Crash()
        if (next === when) throw new MillraceError('store_unavailable', 'away')
      }
      store.fail = (_, when) => meet(when)
      for (let alive = false; !alive; ) {
        const reader = await log.reader('g')
        const consumer = consumerOf(reader, store, { maxMessages: batch, mode: 'hybrid' })
        alive = await consumeAll(log, consumer).then(
          () => true,
          (error: unknown) => {
            if (error instanceof Crash) return false
            throw error
          },
        )
      }
      const valid = events.filter(({ broken }) => !broken)
      assert.deepEqual(
        [...new Set([...store.views.values()].map(({ eventId }) => eventId))].sort(),
        [...new Set(valid.map(({ n }) => keyOf(n)))].sort(),
      )
      assert.equal(store.errors.size, events.length - valid.length)
      for (const { view } of store.views.values()) assert.ok(store.marks.has(sliceStart(view.timestampMs)))
    }),
    seeded(t, 60),
  )
})

test('while the store is away nothing more is fetched, nothing committed, and it says so; then it goes on', async () => {
  const { log, reader } = await logOf(...Array.from({ length: 50 }, (_, n) => message(keyOf(n), {})))
  const store = new FakeStore()
  let away = true
  let attempts = 0
  store.fail = () => {
    attempts += 1
    if (away) throw new MillraceError('store_unavailable', 'away')
  }
  let fetched = 0
  const counted: LogReader = {
    ...reader,
    fetch: async (limit, signal) => {
      const answer = await reader.fetch(limit, signal)
      fetched += answer.batches.reduce((sum, { length }) => sum + length, 0)
      return answer
    },
  }
  const giveUp = new AbortController()
  const retrier = new Retrier({
    giveUp: giveUp.signal,
    now: () => NOW,
    random: () => 0,
    firstPauseMs: 1,
    longestPauseMs: 2,
  })
  const stop = new AbortController()
  const running = consumerOf(counted, store, { retrier }).run(stop.signal)
  await eventually('some attempts', async () => attempts > 20)
  const atRest = fetched
  await eventually('more attempts', async () => attempts > 60)
  assert.equal(fetched, atRest)
  assert.ok(fetched <= 6, `${fetched} messages were held`)
  assert.deepEqual(await log.committed('g'), [])
  assert.equal(retrier.troubles()[0]?.what, 'store')
  away = false
  await eventually('everything to be stored', async () => store.views.size === 50)
  assert.deepEqual(retrier.troubles(), [])
  stop.abort()
  await running
})

test('an error that no retry can mend ends it, uncommitted', async () => {
  const { log, reader } = await logOf(message(keyOf(1), {}))
  const store = new FakeStore()
  store.fail = () => {
    throw new MillraceError('store_refused', 'no such table')
  }
  const consumer = consumerOf(reader, store, { maxMessages: 1 })
  await assert.rejects(consumer.run(new AbortController().signal), { code: 'store_refused' })
  assert.deepEqual(await log.committed('g'), [])
})

test('an error that nobody knows is tried a few times, and then ends it, uncommitted', async () => {
  const { log, reader } = await logOf(message(keyOf(1), {}))
  const store = new FakeStore()
  store.fail = (method) => {
    if (method === 'insertPageViews') throw new Error('something new')
  }
  const consumer = consumerOf(reader, store, { maxMessages: 1 })
  await assert.rejects(consumer.run(new AbortController().signal), { message: 'something new' })
  assert.equal(store.calls.filter((method) => method === 'insertPageViews').length, 5)
  assert.deepEqual(await log.committed('g'), [])
  assert.equal(store.errors.size, 0, 'good events are not taken for bad ones')
})

test('asked to stop, it writes and commits what it holds, and leaves the group', async () => {
  const { log, reader } = await logOf(message(keyOf(1), {}), message(keyOf(2), {}))
  const store = new FakeStore()
  const stop = new AbortController()
  const running = consumerOf(reader, store, { maxMessages: 100 }).run(stop.signal)
  await eventually('the messages to be taken', async () => store.calls.length === 0)
  stop.abort()
  await running
  const taken = store.views.size
  assert.deepEqual(
    (await log.committed('g')).reduce((sum, { offset }) => sum + offset, 0),
    taken,
  )
  await (await log.reader('g')).close()
})

test('messages that are gone are told, and reading goes on behind them', async () => {
  const { log, reader } = await logOf(...Array.from({ length: 6 }, (_, n) => message(keyOf(n), {})))
  await reader.commit([{ partition: 0, offset: 1 }])
  await reader.close()
  log.truncate(0, 4)
  const store = new FakeStore()
  await consumeAll(log, consumerOf(await log.reader('g'), store, { maxMessages: 1 }))
  assert.deepEqual(
    [...store.views.values()].map(({ offset }) => offset),
    [4, 5],
  )
  assert.deepEqual(store.gaps, [{ partition: 0, expected: 1, resumedAt: 4 }])
  assert.ok(store.calls.indexOf('insertGaps') < store.calls.indexOf('insertPageViews'))
})

test('the last flush of what there is says that it was the last', async () => {
  const { log, reader } = await logOf(...Array.from({ length: 10 }, (_, i) => message(keyOf(i), {})))
  const caughtUp: boolean[] = []
  const consumer = consumerOf(reader, new FakeStore(), { onFlushed: (_, isLast) => caughtUp.push(isLast) })
  await consumeAll(log, consumer)
  assert.deepEqual(caughtUp, [false, false, false, true])
})
