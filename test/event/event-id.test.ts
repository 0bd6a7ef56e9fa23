import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventId, UUID_TEXT_BYTES, writeUuid } from '../../src/event/event-id.ts'
import { eventIdOf } from '../../src/event/identity.ts'
import { seeded } from '../helpers/seed.ts'

function textOf({ words }: EventId): string {
  const hex = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const anyKey: fc.Arbitrary<Buffer | null> = fc.oneof(
  fc.uuid().map((uuid) => Buffer.from(uuid)),
  fc.uuid().map((uuid) => Buffer.from(uuid.toUpperCase())),
  fc.tuple(fc.uuid(), fc.nat(35), fc.integer({ min: 0, max: 255 })).map(([uuid, at, byte]) => {
    const damaged = Buffer.from(uuid)
    damaged[at] = byte
    return damaged
  }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(null),
)

test('read from bytes it is what eventIdOf() says', (t) => {
  const id = new EventId()
  fc.assert(
    fc.property(anyKey, fc.nat(9), fc.nat(), (key, partition, offset) => {
      const bytes = Buffer.concat([Buffer.from('ab'), key ?? Buffer.alloc(0), Buffer.from('cd')])
      id.read(bytes, key === null ? -1 : 2, key === null ? 0 : 2 + key.length, 'topic', partition, offset)
      assert.equal(textOf(id), eventIdOf(key, 'topic', partition, offset))
    }),
    seeded(t, 3_000),
  )
})

test('the text of any UUID, from its bytes', (t) => {
  const text = Buffer.alloc(UUID_TEXT_BYTES)
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      writeUuid(text, Buffer.from(uuid.replaceAll('-', ''), 'hex'))
      assert.equal(text.toString(), uuid)
    }),
    seeded(t, 200),
  )
})
