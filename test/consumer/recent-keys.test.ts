import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecentKeys, type Seen } from '../../src/consumer/recent-keys.ts'
import { EventId } from '../../src/event/event-id.ts'
import type { PageView } from '../../src/event/page-view.ts'
import { PageViewBytes } from '../../src/event/page-view-bytes.ts'
import { seeded } from '../helpers/seed.ts'
import { keyOf, VIEW } from './messages.ts'

function see(keys: RecentKeys, key: string, view: PageView): Seen {
  const id = new EventId()
  const bytes = new PageViewBytes()
  id.set(key)
  bytes.set(view)
  return keys.see(id, bytes)
}

test('new, repeat, conflict', () => {
  const keys = new RecentKeys(10)
  assert.equal(see(keys, keyOf(1), VIEW), 'new')
  assert.equal(see(keys, keyOf(1), { ...VIEW }), 'repeat')
  assert.equal(see(keys, keyOf(2), VIEW), 'new')
  for (const change of [
    { pageId: '/x' },
    { userId: 'x' },
    { durationMs: 1 },
    { isBounce: true },
    { region: 'US' },
    { userAgent: 'x' },
    { ipAddress: '203.0.113.9' },
    { timestampMs: VIEW.timestampMs + 1 },
    { timestampMs: VIEW.timestampMs + 2 ** 32 },
  ]) {
    assert.equal(see(keys, keyOf(1), { ...VIEW, ...change }), 'conflict')
  }
  assert.equal(see(keys, keyOf(1), VIEW), 'repeat', 'of a conflict what came first stays')
})

/** What is to be said of a key, with maps. */
class Model {
  #younger = new Map<string, PageView>()
  #older = new Map<string, PageView>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  see(key: string, view: PageView): Seen {
    const known = this.#younger.get(key) ?? this.#older.get(key)
    if (known) return known === view ? 'repeat' : 'conflict'
    if (this.#younger.size >= this.#capacity) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(key, view)
    return 'new'
  }
}

test('keys in any order, all of one kind or of few bits: the same as with maps', (t) => {
  const { seed, numRuns } = seeded(t, 300)
  const views = [VIEW, { ...VIEW, userId: 'another' }]
  const words = fc.constantFrom(0, 1, 2 ** 16, 2 ** 17, 2 ** 31, 2 ** 32 - 1)
  const key = fc
    .tuple(words, words, words, fc.oneof(words, fc.nat(40)))
    .map((four) => Buffer.from(Uint32Array.from(four).buffer).toString('hex'))
    .map((hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.tuple(key, fc.constantFrom(...views)), { maxLength: 60 }),
      (capacity, seen) => {
        const [keys, model] = [new RecentKeys(capacity), new Model(capacity)]
        for (const [id, view] of seen) assert.equal(see(keys, id, view), model.see(id, view))
      },
    ),
    { seed, numRuns },
  )
})

test('it forgets the oldest, between one and two generations later', () => {
  const keys = new RecentKeys(10)
  for (let i = 0; i < 20; i++) assert.equal(see(keys, keyOf(i), VIEW), 'new')
  assert.equal(see(keys, keyOf(19), VIEW), 'repeat')
  assert.equal(see(keys, keyOf(10), VIEW), 'repeat')
  for (let i = 20; i < 31; i++) see(keys, keyOf(i), VIEW)
  assert.equal(see(keys, keyOf(0), VIEW), 'new')
})
