import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GeneratedEvent } from '../../../src/producer/generator/generator.ts'
import { Generator } from '../../../src/producer/generator/generator.ts'
import { FAULTS } from '../../../src/producer/generator/invalid.ts'
import { consumed, keyOf, made, NOW, SHARES, viewOf } from './made.ts'

test('the same seed, shares and times make the same messages, byte for byte', () => {
  assert.deepEqual(made({ seed: 7, count: 2_000 }), made({ seed: 7, count: 2_000 }))
})

test('another seed makes others', () => {
  const one = new Set(made({ seed: 7, count: 2_000 }).map(keyOf))
  assert.ok(made({ seed: 8, count: 2_000 }).every((event) => !one.has(keyOf(event))))
})

test('the same seed at another time has no key in common', () => {
  const first = new Generator({ seed: 7, shares: SHARES })
  const keys = new Set(Array.from({ length: 5_000 }, () => keyOf(first.next(NOW))))
  const restarted = new Generator({ seed: 7, shares: SHARES })
  for (let i = 0; i < 5_000; i++) assert.ok(!keys.has(keyOf(restarted.next(NOW + 1))))
})

test('keys are UUIDs of version 7 with the time of the event, and differ within a millisecond', () => {
  const events = made({ count: 50_000, everyMs: 0, shares: { repeats: 0 } })
  assert.equal(new Set(events.map(keyOf)).size, events.length)
  for (const event of events) {
    const key = keyOf(event)
    assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(Number.parseInt(key.replaceAll('-', '').slice(0, 12), 16), event.timestampMs)
  }
})

test('the mix is as asked for', () => {
  const events = made({ count: 100_000 })
  const share = (is: (event: GeneratedEvent) => boolean) => events.filter(is).length / events.length
  const about = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 0.1 * expected, `${actual}, not about ${expected}`)
  about(
    share(({ entry }) => entry.kind === 'repeat'),
    0.01,
  )
  about(
    share(({ entry }) => entry.kind === 'invalid'),
    0.05 * 0.99,
  )
  about(
    share(({ entry }) => entry.kind === 'view' && entry.isBounce),
    0.1 * 0.99,
  )
  about(
    share(({ entry }) => entry.kind === 'view' && !entry.isBounce),
    0.85 * 0.99,
  )
})

test('the consumer sees in a view what the ledger is told, with a believable duration', () => {
  for (const event of made({ count: 20_000, shares: { invalid: 0 } })) {
    const { userId: _u, userAgent: _a, ipAddress: _i, region: _r, ...told } = viewOf(event)
    if (event.entry.kind === 'view') assert.deepEqual({ kind: 'view', ...told }, event.entry)
    const [shortest, longest] = told.isBounce ? [0, 4_999] : [10_000, 600_000]
    assert.ok(told.durationMs >= shortest && told.durationMs <= longest, `${told.durationMs} ms`)
    assert.deepEqual([told.pageId, told.timestampMs], [event.pageId, event.timestampMs])
  }
})

test('the consumer rejects every invalid message for the reason that the ledger is told', () => {
  const seen = new Set<string>()
  for (const event of made({ count: 20_000, shares: { bounces: 0, invalid: 1 } })) {
    const outcome = consumed(event)
    assert.ok(event.entry.kind === 'invalid')
    assert.equal(
      outcome.ok ? 'taken' : outcome.reason,
      event.entry.reason,
      Buffer.from(event.value).toString(),
    )
    seen.add(event.entry.reason)
  }
  assert.deepEqual([...seen].sort(), FAULTS.map(({ reason }) => reason).sort())
  assert.ok(seen.size >= 8)
})

test('a repeat has key and payload of an earlier view, and no other message has an earlier key', () => {
  const earlier = new Map<string, GeneratedEvent>()
  let repeats = 0
  for (const event of made({ count: 50_000, shares: { repeats: 0.2 } })) {
    const original = earlier.get(keyOf(event))
    if (event.entry.kind === 'repeat') {
      repeats += 1
      assert.equal(original?.entry.kind, 'view')
      assert.deepEqual({ ...event, entry: original?.entry }, original)
    } else {
      assert.equal(original, undefined)
      earlier.set(keyOf(event), event)
    }
  }
  assert.ok(repeats > 9_000, `${repeats} repeats`)
})

test('what is more than an hour old is not repeated, even at night', () => {
  const tenMinutes = 600_000
  const generator = new Generator({ seed: 3, shares: { ...SHARES, repeats: 0.5 } })
  let repeats = 0
  for (let i = 0; i < 2_000; i++) {
    const now = NOW + i * tenMinutes
    const event = generator.next(now)
    if (event.entry.kind !== 'repeat') continue
    repeats += 1
    assert.ok(now - event.timestampMs <= 3_600_000, `${now - event.timestampMs} ms old`)
  }
  assert.ok(repeats > 500, `${repeats} repeats`)
})

test('shares can be changed while it runs', () => {
  const generator = new Generator({ seed: 3, shares: { bounces: 0, invalid: 0, repeats: 0 } })
  const kinds = () =>
    new Set(Array.from({ length: 500 }, () => generator.next(NOW)).map(({ entry }) => entry.kind))
  assert.deepEqual(kinds(), new Set(['view']))
  const broken = { bounces: 0, invalid: 1, repeats: 0 }
  generator.setShares(broken)
  assert.deepEqual(generator.shares, broken)
  assert.deepEqual(kinds(), new Set(['invalid']))
  generator.setShares({ ...broken, repeats: 1 })
  assert.deepEqual(kinds(), new Set(['repeat']))
})
