import { eventIdOf } from './identity.ts'

/** Where the sixteen bytes of a UUID stand in its text, of 36 characters. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
export const UUID_TEXT_BYTES = 36
const HYPHEN = 45

/** The values of hexadecimal digits in ASCII; 255 for every other byte. */
export const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 16; i++) {
  HEX['0123456789abcdef'.charCodeAt(i)] = i
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i
}

/** The ASCII codes of two hexadecimal digits for each byte. */
const DIGIT_PAIRS = Buffer.from(
  Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0')).join(''),
)

/** Writes a UUID's usual text, in ASCII, over 36 bytes of `text`. */
export function writeUuid(text: Uint8Array, uuid: Uint8Array): void {
  text[8] = text[13] = text[18] = text[23] = HYPHEN
  for (let i = 0; i < 16; i++) {
    const digit = DIGITS[i]!
    const pair = 2 * uuid[i]!
    text[digit] = DIGIT_PAIRS[pair]!
    text[digit + 1] = DIGIT_PAIRS[pair + 1]!
  }
}

/**
 * The identity of an event as four 32-bit words, read from a message's key without a text in between. One of them is filled again
 * for each message. What the identity is stands at eventIdOf(), which also does what is not usual: keys that are no UUID.
 */
export class EventId {
  /** The UUID's bytes 0–3, 4–7, 8–11 and 12–15, each as a number with the first byte highest. */
  readonly words = new Uint32Array(4)
  readonly #bytes = new Uint8Array(16)

  /** @param start of the key in `bytes`; below zero when there is none */
  read(bytes: Buffer, start: number, end: number, topic: string, partition: number, offset: number): void {
    if (end - start === UUID_TEXT_BYTES && start >= 0 && this.#readText(bytes, start)) return
    const key = start < 0 ? null : bytes.subarray(start, end)
    this.set(eventIdOf(key, topic, partition, offset))
  }

  /** @param uuid in its usual text form */
  set(uuid: string): void {
    if (!this.#readText(Buffer.from(uuid, 'latin1'), 0)) throw new RangeError(`no UUID: ${uuid}`)
  }

  #readText(text: Uint8Array, at: number): boolean {
    const hyphens =
      text[at + 8] === HYPHEN &&
      text[at + 13] === HYPHEN &&
      text[at + 18] === HYPHEN &&
      text[at + 23] === HYPHEN
    if (!hyphens) return false
    const bytes = this.#bytes
    let wrong = 0
    for (let i = 0; i < 16; i++) {
      const digit = at + DIGITS[i]!
      const high = HEX[text[digit]!]!
      const low = HEX[text[digit + 1]!]!
      wrong |= high | low
      bytes[i] = (high << 4) | low
    }
    // A digit is below 16: the bits above it are only set in 255.
    if (wrong > 15) return false
    for (let word = 0; word < 4; word++) {
      const i = 4 * word
      this.words[word] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!
    }
    return true
  }
}
