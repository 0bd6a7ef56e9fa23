import { eventIdOf } from '../../event/identity.ts'
import type { Sendable } from '../../ledger/port.ts'

const UUID_BYTES = 36
const HYPHENS = [8, 13, 18, 23] as const
const HYPHEN = 45
const QUOTE = 34
const COMMA = 44
const [OPENING, CLOSING] = [91, 93]

/** For each byte: 0 for a hexadecimal digit in lower case, 1 for a hyphen, and more than all hyphens together for what no UUID has. */
const KIND = new Uint8Array(256).fill(HYPHENS.length + 1)
for (const digit of '0123456789abcdef') KIND[digit.charCodeAt(0)] = 0
KIND[HYPHEN] = 1

/** The ids of the page views among messages. */
export function viewIds(messages: readonly Sendable[], topic: string): string[] {
  const ids: string[] = []
  for (const { key, entry } of messages) {
    if (entry.kind === 'view-once') ids.push(entry.eventId)
    else if (entry.kind === 'view') ids.push(eventIdOf(key, topic, 0, 0))
  }
  return ids
}

/** The same as a JSON array in bytes. Most keys are their id as it stands, and are copied without a text in between. */
export function viewIdsJson(messages: readonly Sendable[], topic: string): Buffer {
  const json = Buffer.allocUnsafe(2 + messages.length * (UUID_BYTES + 3))
  let at = 0
  json[at++] = OPENING
  for (const message of messages) {
    const { key, entry } = message
    const { kind } = entry
    if (kind !== 'view' && kind !== 'view-once') continue
    if (at > 1) json[at++] = COMMA
    json[at++] = QUOTE
    if (kind !== 'view' || key === null || !copyUuid(json, at, key)) {
      json.write(viewIds([message], topic)[0]!, at, 'latin1')
    }
    at += UUID_BYTES
    json[at++] = QUOTE
  }
  json[at++] = CLOSING
  return json.subarray(0, at)
}

/** @returns whether the key is a UUID in lower case; otherwise what was written means nothing */
function copyUuid(into: Buffer, at: number, key: Uint8Array): boolean {
  if (key.length !== UUID_BYTES) return false
  let kinds = 0
  for (let i = 0; i < UUID_BYTES; i++) {
    const byte = key[i]!
    kinds += KIND[byte]!
    into[at + i] = byte
  }
  return kinds === HYPHENS.length && HYPHENS.every((i) => key[i] === HYPHEN)
}
