import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Repeats } from '../../../src/producer/generator/repeats.ts'
import { Random } from '../../../src/random.ts'

/** The times of all messages that can be chosen. */
function choosable(repeats: Repeats<{ timestampMs: number }>): number[] {
  const random = new Random(1)
  const chosen = Array.from({ length: 500 }, () => repeats.choose(random).timestampMs)
  return [...new Set(chosen)].sort((a, b) => a - b)
}

test('only the last messages are kept, and of them only those that are not too old', () => {
  const repeats = new Repeats<{ timestampMs: number }>({ capacity: 4, ofOneTime: 1 })
  assert.ok(repeats.isEmpty)
  for (let timestampMs = 1; timestampMs <= 10; timestampMs++) repeats.remember({ timestampMs })
  assert.deepEqual(choosable(repeats), [7, 8, 9, 10])
  repeats.forgetBefore(9)
  assert.deepEqual(choosable(repeats), [9, 10])
  repeats.remember({ timestampMs: 11 })
  assert.deepEqual(choosable(repeats), [9, 10, 11])
  repeats.forgetBefore(100)
  assert.ok(repeats.isEmpty)
  repeats.remember({ timestampMs: 101 })
  assert.deepEqual(choosable(repeats), [101])
})

test('of many messages at one time a few are kept', () => {
  const repeats = new Repeats<{ timestampMs: number; n: number }>({ capacity: 10, ofOneTime: 2 })
  for (const timestampMs of [1, 2]) {
    for (let n = 1; n <= 5; n++) repeats.remember({ timestampMs, n })
  }
  const random = new Random(1)
  const chosen = Array.from({ length: 500 }, () => repeats.choose(random))
  const names = new Set(chosen.map(({ timestampMs, n }) => `${timestampMs}/${n}`))
  assert.deepEqual([...names].sort(), ['1/1', '1/2', '2/1', '2/2'])
})
