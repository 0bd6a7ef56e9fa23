import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventIdOf } from '../../src/event/identity.ts'
import { seeded } from '../helpers/seed.ts'

const UUID = '0199f2a4-7c1e-7b3a-9c55-1f2e3d4c5b6a'
const V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a key that is a UUID is the identity, in lower case', () => {
  assert.equal(eventIdOf(Buffer.from(UUID), 't', 0, 0), UUID)
  assert.equal(eventIdOf(Buffer.from(UUID.toUpperCase()), 't', 0, 0), UUID)
})

test('any other key is hashed: the first 128 bits of its SHA-256, marked as version 8', () => {
  const id = eventIdOf(Buffer.from('order-17'), 't', 0, 0)
  assert.match(id, V8)
  const hex = createHash('sha256').update('order-17').digest('hex')
  assert.equal(id.replaceAll('-', '').slice(0, 12), hex.slice(0, 12))
  assert.notEqual(id, eventIdOf(Buffer.from('order-18'), 't', 0, 0))
  assert.equal(id, eventIdOf(Buffer.from('order-17'), 'other', 5, 9), 'wherever the message lies')
})

test('a UUID in braces, without dashes or with a wrong digit is hashed', () => {
  for (const text of [`{${UUID}}`, UUID.replaceAll('-', ''), UUID.replace('a', 'g'), ` ${UUID.slice(1)}`]) {
    assert.match(eventIdOf(Buffer.from(text), 't', 0, 0), V8)
  }
})

test('without a key it is the place in the log; an empty key is a key', () => {
  const places = [
    eventIdOf(null, 't', 0, 1),
    eventIdOf(null, 't', 1, 0),
    eventIdOf(null, 'u', 0, 1),
    eventIdOf(null, 't', 0, 11),
  ]
  assert.equal(new Set(places).size, places.length)
  assert.equal(eventIdOf(null, 't', 0, 1), places[0])
  assert.equal(eventIdOf(Buffer.alloc(0), 't', 0, 1), eventIdOf(Buffer.alloc(0), 't', 7, 7))
})

test('any key gives a UUID, always the same', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (key) => {
      const id = eventIdOf(key, 't', 0, 0)
      assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.equal(eventIdOf(Buffer.from(key), 't', 1, 1), id)
    }),
    seeded(t, 500),
  )
})
