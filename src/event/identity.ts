import { createHash } from 'node:crypto'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The identity of an event, as a UUID in lower case.
 *
 * A key that is a UUID in its text form is the identity. Any other key is hashed: the first 128 bits of its SHA-256,
 * marked as UUID version 8 (RFC 9562, section 5.8). A message without a key is identified by its place in the log, hashed the same way.
 */
export function eventIdOf(key: Uint8Array | null, topic: string, partition: number, offset: number): string {
  if (key === null) return hashed(`${topic}\0${partition}\0${offset}`)
  if (key.length === 36) {
    const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
    if (UUID.test(text)) return text.toLowerCase()
  }
  return hashed(key)
}

function hashed(data: Uint8Array | string): string {
  return uuidFromHash(createHash('sha256').update(data).digest())
}

/** The first 128 bits of a hash as a UUID of version 8, in lower case (RFC 9562, section 5.8). */
export function uuidFromHash(hash: Buffer): string {
  const bytes = Buffer.from(hash.subarray(0, 16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
