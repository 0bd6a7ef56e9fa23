import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clocks } from '../../src/consumer/clocks.ts'
import { LargestOfLate } from '../../src/observe/largest-of-late.ts'

test('clocks of a fetch, also a long one, and then of the next', () => {
  const clocks = new Clocks()
  for (let i = 0; i < 3_000; i++) clocks.see(1_000 + i, 1_000)
  clocks.see(undefined, 5_000)
  const { eventAheadMs, appendAheadMs } = clocks.take(4_000)
  assert.deepEqual(
    [eventAheadMs.length, eventAheadMs[0], eventAheadMs.at(-1), appendAheadMs],
    [3_000, 0, 2_999, 1_000],
  )
  clocks.see(0, 100)
  const next = clocks.take(4_000)
  assert.deepEqual([[...next.eventAheadMs], next.appendAheadMs], [[-100], -3_900])
})

test('the largest within a while, and then nothing', () => {
  let now = 0
  const largest = new LargestOfLate(60_000, () => now)
  largest.see(-5)
  assert.equal(largest.value, 0)
  largest.see(7)
  now = 30_000
  largest.see(3)
  assert.equal(largest.value, 7)
  now = 60_001
  assert.equal(largest.value, 0)
  largest.see(3)
  assert.equal(largest.value, 3)
})
