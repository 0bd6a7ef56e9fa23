import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partitionForKey } from '../../src/event/partitioner.ts'
import { Partitioner, type PartitioningWeights } from '../../src/send/partitioning.ts'

const PARTITIONS = 6
const NONE: PartitioningWeights = { page: 0, 'round-robin': 0, random: 0 }

function partitioner(weights: Partial<PartitioningWeights>, seed = 11): Partitioner {
  return new Partitioner({ partitions: PARTITIONS, weights: { ...NONE, ...weights }, seed })
}

function choices(from: Partitioner, pageId: string, count: number): number[] {
  return Array.from({ length: count }, () => from.choose(pageId))
}

/** How often each partition was chosen. */
function histogram(chosen: readonly number[]): number[] {
  const counts = new Array<number>(PARTITIONS).fill(0)
  for (const partition of chosen) counts[partition]! += 1
  return counts
}

test('by page: as Kafka would for that key, each time', () => {
  const byPage = partitioner({ page: 1 })
  for (const page of ['/', '/pricing', '/日本語/はじめに', '/pricing']) {
    assert.equal(byPage.choose(page), partitionForKey(Buffer.from(page), PARTITIONS), page)
  }
})

test('round-robin: each partition in turn', () => {
  assert.deepEqual(
    histogram(choices(partitioner({ 'round-robin': 1 }), '/', 10 * PARTITIONS)),
    new Array(6).fill(10),
  )
})

test('random: every partition, about equally often', () => {
  for (const count of histogram(choices(partitioner({ random: 1 }), '/', 60_000))) {
    assert.ok(count > 9_600 && count < 10_400, `${count} of 60,000`)
  }
})

test('70, 20 and 10 of a hundred: a page keeps to its partition for that part', () => {
  const counts = histogram(
    choices(partitioner({ page: 70, 'round-robin': 20, random: 10 }), '/pricing', 60_000),
  )
  const home = partitionForKey(Buffer.from('/pricing'), PARTITIONS)
  counts.forEach((count, partition) => {
    // The other 30 % are spread over all six.
    const expected = 60_000 * (0.05 + (partition === home ? 0.7 : 0))
    assert.ok(Math.abs(count - expected) < 400, `partition ${partition}: ${count}, not about ${expected}`)
  })
})

test('weights can be changed while it runs', () => {
  const changing = partitioner({ random: 1 })
  changing.setWeights({ ...NONE, page: 3 })
  assert.deepEqual(changing.weights, { ...NONE, page: 3 })
  assert.equal(new Set(choices(changing, '/', 100)).size, 1)
})

test('the same seed chooses the same, another seed does not', () => {
  const weights = { page: 70, 'round-robin': 20, random: 10 }
  const first = choices(partitioner(weights, 1), '/', 200)
  assert.deepEqual(choices(partitioner(weights, 1), '/', 200), first)
  assert.notDeepEqual(choices(partitioner(weights, 2), '/', 200), first)
})
