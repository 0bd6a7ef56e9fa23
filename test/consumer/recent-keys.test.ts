import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentKeys } from '../../src/consumer/recent-keys.ts'
import { keyOf, VIEW } from './messages.ts'

test('new, repeat, conflict', () => {
  const keys = new RecentKeys(10)
  assert.equal(keys.see(keyOf(1), VIEW), 'new')
  assert.equal(keys.see(keyOf(1), { ...VIEW }), 'repeat')
  assert.equal(keys.see(keyOf(2), VIEW), 'new')
  for (const change of [
    { pageId: '/x' },
    { userId: 'x' },
    { durationMs: 1 },
    { isBounce: true },
    { region: 'US' },
  ]) {
    assert.equal(keys.see(keyOf(1), { ...VIEW, ...change }), 'conflict')
  }
  assert.equal(keys.see(keyOf(1), VIEW), 'repeat', 'of a conflict what came first stays')
})

test('it forgets the oldest, between one and two generations later', () => {
  const keys = new RecentKeys(10)
  for (let i = 0; i < 20; i++) assert.equal(keys.see(keyOf(i), VIEW), 'new')
  assert.equal(keys.see(keyOf(19), VIEW), 'repeat')
  assert.equal(keys.see(keyOf(10), VIEW), 'repeat')
  for (let i = 20; i < 31; i++) keys.see(keyOf(i), VIEW)
  assert.equal(keys.see(keyOf(0), VIEW), 'new')
})
