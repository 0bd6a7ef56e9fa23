import { addressWords } from './ip-address.ts'
import type { PageView } from './page-view.ts'

const TWO_32 = 2 ** 32

/** A text as a range of bytes in UTF-8, with two independent hashes of them. */
export class TextBytes {
  start = 0
  end = 0
  hash = 0
  hash2 = 0

  /** @param bytes hold the text from `start` on */
  set(bytes: Uint8Array, start: number, end: number): void {
    let hash = FIRST_HASH
    let hash2 = FIRST_HASH2
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i]!, HASH_PRIME)
      hash2 = Math.imul(hash2 ^ bytes[i]!, HASH_PRIME2)
    }
    this.start = start
    this.end = end
    this.hash = hash
    this.hash2 = hash2
  }

  clear(): void {
    this.start = 0
    this.end = 0
    this.hash = FIRST_HASH
    this.hash2 = FIRST_HASH2
  }
}

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), and the same with another beginning and prime. */
export const FIRST_HASH = 0x811c9dc5 | 0
export const HASH_PRIME = 0x01000193
export const FIRST_HASH2 = 0x2166f3a1 | 0
export const HASH_PRIME2 = 0x5bd1e995

/**
 * A page view whose texts are still bytes: what lies between a message and the columns of the store, so that the usual event becomes
 * no object and no string. One of them is filled again for each message, so nobody keeps it. A page view that was
 * read in another way gets into this form by set().
 */
export class PageViewBytes {
  /** Holds the texts. */
  bytes: Buffer = Buffer.alloc(0)
  readonly pageId = new TextBytes()
  readonly userId = new TextBytes()
  readonly userAgent = new TextBytes()
  readonly region = new TextBytes()
  durationMs = 0
  /** Milliseconds since the epoch. */
  timestampMs = 0
  isBounce = false
  /** As four words in the order of memory; see ip-address.ts. */
  readonly ipAddress = new Uint32Array(4)
  /** Texts of a page view that did not come as bytes. */
  #scratch = Buffer.allocUnsafe(4_096)

  set(view: PageView): void {
    const { pageId, userId, userAgent, region } = view
    // A UTF-16 unit is at most three bytes.
    const most = 3 * (pageId.length + userId.length + userAgent.length + region.length)
    if (this.#scratch.length < most) this.#scratch = Buffer.allocUnsafe(2 * most)
    this.bytes = this.#scratch
    let at = 0
    at = this.#write(this.pageId, pageId, at)
    at = this.#write(this.userId, userId, at)
    at = this.#write(this.userAgent, userAgent, at)
    this.#write(this.region, region, at)
    this.durationMs = view.durationMs
    this.timestampMs = view.timestampMs
    this.isBounce = view.isBounce
    // It has been validated.
    this.ipAddress.set(addressWords(view.ipAddress)!)
  }

  /** One of two 32-bit hashes of the whole page view; both together tell whether two of them are the same. */
  hash(): number {
    const time = Math.floor(this.timestampMs / TWO_32)
    let hash = mix(this.pageId.hash, this.userId.hash)
    hash = mix(hash, this.userAgent.hash)
    hash = mix(hash, this.region.hash)
    hash = mix(hash, this.timestampMs - time * TWO_32)
    return this.#mixRest(mix(hash, time))
  }

  hash2(): number {
    const time = Math.floor(this.timestampMs / TWO_32)
    let hash = mix(this.region.hash2, this.userAgent.hash2)
    hash = mix(hash, this.userId.hash2)
    hash = mix(hash, this.pageId.hash2)
    hash = mix(hash, this.timestampMs - time * TWO_32)
    return this.#mixRest(mix(hash, ~time))
  }

  #mixRest(hash: number): number {
    const { ipAddress } = this
    let mixed = mix(hash, 2 * this.durationMs + (this.isBounce ? 1 : 0))
    mixed = mix(mixed, ipAddress[0]!)
    mixed = mix(mixed, ipAddress[1]!)
    mixed = mix(mixed, ipAddress[2]!)
    return mix(mixed, ipAddress[3]!)
  }

  #write(text: TextBytes, value: string, at: number): number {
    const end = at + this.#scratch.write(value, at, 'utf8')
    text.set(this.#scratch, at, end)
    return end
  }
}

/** Takes a number into a hash: the step of MurmurHash3 for 32 bits (https://github.com/aappleby/smhasher). */
function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  const h = hash ^ Math.imul(k, 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}
