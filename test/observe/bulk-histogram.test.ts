import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram, type Metric, Registry } from 'prom-client'
import { BulkHistogram } from '../../src/observe/bulk-histogram.ts'
import { randomSeed } from '../helpers/seed.ts'

// Not -1: prom-client's own (15.1) counts what is above all bounds in a bucket of that name.
const BOUNDS = [-60, -2, 0, 0.1, 5]

test("any values: the text is the one of prom-client's own histogram", async (t) => {
  const value = fc.oneof(fc.constantFrom(...BOUNDS), fc.integer({ min: -100, max: 100 }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(value)), async (batches) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      for (const registry of [ours, theirs]) registry.setDefaultLabels({ service: 'consumer' })
      const bulk = new BulkHistogram('ahead_seconds', 'how far', BOUNDS)
      ours.registerMetric(bulk as unknown as Metric)
      const one = new Histogram({
        name: 'ahead_seconds',
        help: 'how far',
        buckets: BOUNDS,
        registers: [theirs],
      })
      for (const batch of batches) {
        bulk.observeAll(Float64Array.from(batch))
        for (const each of batch) one.observe(each)
      }
      assert.equal(await ours.metrics(), await theirs.metrics())
    }),
    { seed: randomSeed(t), numRuns: 50 },
  )
})

test('values are scaled', async () => {
  const histogram = new BulkHistogram('ahead_seconds', 'how far', BOUNDS)
  histogram.observeAll(Float64Array.of(50, 100, 4_000), 1 / 1_000)
  const { values } = await histogram.get()
  assert.deepEqual(
    values.map(({ value }) => value),
    [0, 0, 0, 2, 3, 3, 4.15, 3],
  )
})
