import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toWire } from '../../../src/event/page-view.ts'
import { Slab } from '../../../src/producer/generator/slab.ts'
import { WireJson } from '../../../src/producer/generator/wire-json.ts'
import { seeded } from '../../helpers/seed.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 })

test('put together from parts it is what JSON.stringify makes of the event, for many events of one visitor', (t) => {
  const visitor = fc.record({ userId: text, userAgent: text, ipAddress: text, region: text })
  const view = fc.record({
    pageId: text,
    durationMs: fc.nat(86_400_000),
    timestampMs: fc.nat(4_000_000_000_000),
    isBounce: fc.boolean(),
  })
  fc.assert(
    fc.property(visitor, fc.array(view), (who, views) => {
      const slab = new Slab()
      const json = new WireJson()
      const written = views.map((each) => json.write(slab, each, who))
      // Compared at the end: what comes later must not lie on what came before.
      assert.deepEqual(
        written.map((bytes) => Buffer.from(bytes).toString()),
        views.map((each) => JSON.stringify(toWire({ ...each, ...who }))),
      )
    }),
    seeded(t, 300),
  )
})
