import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode } from '../../src/event/decode.ts'
import { REJECT_REASONS } from '../../src/event/outcome.ts'
import { LIMITS } from '../../src/event/page-view.ts'
import { validate } from '../../src/event/validate.ts'
import { hostileValue } from '../helpers/hostile-messages.ts'
import { seeded } from '../helpers/seed.ts'

const NOW = Date.parse('2026-11-23T05:12:44.120Z')
const TIMES = { nowMs: NOW, maxAgeMs: 29 * 86_400_000, maxFutureMs: 300_000 }

test('every hostile value is an event within the limits or a known reason with a well-formed detail', (t) => {
  fc.assert(
    fc.property(hostileValue(NOW), (bytes) => {
      const outcome = outcomeOf(bytes)
      if (!outcome.ok) {
        assert.ok(Object.hasOwn(REJECT_REASONS, outcome.reason))
        assert.ok(outcome.detail.isWellFormed() && outcome.detail.length > 0 && outcome.detail.length < 400)
        return
      }
      const view = outcome.value
      assert.ok(view.pageId !== '' && Buffer.byteLength(view.pageId) <= LIMITS.pageIdBytes)
      assert.ok(view.userId !== '' && Buffer.byteLength(view.userId) <= LIMITS.userIdBytes)
      assert.ok(
        Number.isInteger(view.durationMs) && view.durationMs >= 0 && view.durationMs <= LIMITS.durationMs,
      )
      assert.ok(view.timestampMs >= NOW - TIMES.maxAgeMs && view.timestampMs <= NOW + TIMES.maxFutureMs)
      for (const text of [view.pageId, view.userId, view.userAgent, view.region])
        assert.ok(text.isWellFormed())
    }),
    seeded(t, 5_000),
  )
})

// A generator that makes one sort only would prove little. One seed for all runs: a rare sort is then here always or never.
test('hostile values come to every outcome there is', () => {
  const seen = new Set<string>()
  for (const bytes of fc.sample(hostileValue(NOW), { seed: 1, numRuns: 6_000 })) {
    const outcome = outcomeOf(bytes)
    seen.add(outcome.ok ? 'ok' : outcome.reason)
  }
  assert.deepEqual(
    ['ok', ...Object.keys(REJECT_REASONS)].filter((name) => !seen.has(name)),
    [],
  )
})

function outcomeOf(bytes: Uint8Array) {
  const decoded = decode(bytes)
  return decoded.ok ? validate(decoded.value, TIMES) : decoded
}
