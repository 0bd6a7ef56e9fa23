import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backlog } from '../../src/consumer/backlog.ts'

/** A consumer that reads so many messages a second, looked at once a second. */
function reading(rate: number) {
  let seconds = 0
  const backlog = new Backlog({ processed: () => rate * seconds, monotonic: () => 1_000 * seconds })
  return (messages: number, held = 0): number => {
    backlog.see({ messages, seconds: 0, partitions: [] }, held)
    seconds += 1
    return backlog.pressure
  }
}

test('what is under way is no backlog, at any rate', () => {
  for (const rate of [0, 10, 1_000, 30_000, 300_000]) {
    const see = reading(rate)
    // How fast it reads is known from the second look on.
    see(0)
    for (let i = 0; i < 10; i++) assert.equal(see(2.2 * rate, 2 * rate), 0, `${rate} a second`)
  }
})

test('some seconds of reading are a whole one, and in between it grows', () => {
  const see = reading(100_000)
  see(0)
  assert.equal(see(1_000_000), 1)
  const half = see(380_000, 200_000)
  assert.ok(half > 0.4 && half < 0.6, String(half))
  assert.ok(see(150_000) < half)
  assert.equal(see(20_000), 0)
})

test('what waits while nothing is read is a backlog: at the start, and while the store is away', () => {
  const see = reading(0)
  assert.equal(see(3_000_000), 1)
  assert.equal(see(3_000_000), 1)
  assert.equal(see(100), 0)
})

test('a whole backlog is drained until its end is written, or has been no burden for two seconds', () => {
  let now = 0
  const backlog = new Backlog({ processed: () => 0, monotonic: () => now })
  const see = (messages: number): boolean => {
    backlog.see({ messages, seconds: 0, partitions: [] }, 0)
    now += 1_000
    return backlog.isDraining
  }
  assert.equal(see(30_000), false, 'a little behind is no backlog')
  assert.equal(see(1_000_000), true)
  assert.equal(see(30_000), true)
  backlog.caughtUp()
  assert.equal(backlog.isDraining, false)
  assert.equal(see(30_000), false)
  assert.equal(see(1_000_000), true)
  assert.equal(see(100), false, 'two seconds after the last look that found it')
})
