import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentKeys, type Seen } from '../../src/consumer/recent-keys.ts'
import { EventId } from '../../src/event/event-id.ts'
import type { PageView } from '../../src/event/page-view.ts'
import { PageViewBytes } from '../../src/event/page-view-bytes.ts'
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

test('it forgets the oldest, between one and two generations later', () => {
  const keys = new RecentKeys(10)
  for (let i = 0; i < 20; i++) assert.equal(see(keys, keyOf(i), VIEW), 'new')
  assert.equal(see(keys, keyOf(19), VIEW), 'repeat')
  assert.equal(see(keys, keyOf(10), VIEW), 'repeat')
  for (let i = 20; i < 31; i++) see(keys, keyOf(i), VIEW)
  assert.equal(see(keys, keyOf(0), VIEW), 'new')
})
