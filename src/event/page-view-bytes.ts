import { addressWords } from './ip-address.ts'
import type { PageView } from './page-view.ts'
import { FIRST_HASH, FIRST_HASH2, finishHash, firstBytes, hashStep, hashStep2 } from './text-hash.ts'

const TWO_32 = 2 ** 32
const EMPTY = Buffer.alloc(64)

/** A text as a range of bytes in UTF-8, with two independent hashes of them (text-hash.ts). */
export class TextBytes {
  start = 0
  end = 0
  hash = EMPTY_HASH
  hash2 = EMPTY_HASH2

  /** @param words hold the text from `start` on, and OVERREAD bytes behind it */
  set(words: DataView, start: number, end: number): void {
    let hash = FIRST_HASH
    let hash2 = FIRST_HASH2
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = words.getInt32(at, true)
      hash = hashStep(hash, word)
      hash2 = hashStep2(hash2, word)
    }
    const rest = firstBytes(words.getInt32(at, true), end - at)
    this.start = start
    this.end = end
    this.hash = finishHash(hashStep(hash, rest), end - start)
    this.hash2 = finishHash(hashStep2(hash2, rest), end - start)
  }

  clear(): void {
    this.start = 0
    this.end = 0
    this.hash = EMPTY_HASH
    this.hash2 = EMPTY_HASH2
  }
}

/** So many bytes behind a text may be looked at, and mean nothing: who reads four at a time does not ask for each where the end is. */
export const OVERREAD = 64

const EMPTY_HASH = finishHash(hashStep(FIRST_HASH, 0), 0)
const EMPTY_HASH2 = finishHash(hashStep2(FIRST_HASH2, 0), 0)

/**
 * A page view whose texts are still bytes: what lies between a message and the columns of the store, so that the usual event becomes
 * no object and no string. One of them is filled again for each message, so nobody keeps it. A page view that was
 * read in another way gets into this form by set().
 */
export class PageViewBytes {
  /** Holds the texts, and OVERREAD bytes behind the last of them. */
  bytes: Buffer = EMPTY
  /** The same bytes, to be read four at a time. */
  words: DataView = wordsOf(EMPTY)
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
  #scratchWords = wordsOf(this.#scratch)

  set(view: PageView): void {
    const { pageId, userId, userAgent, region } = view
    // A UTF-16 unit is at most three bytes.
    this.#useScratch(3 * (pageId.length + userId.length + userAgent.length + region.length))
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
    const { ipAddress } = this
    let hash = hashStep(this.pageId.hash, this.userId.hash)
    hash = hashStep(hash, this.userAgent.hash)
    hash = hashStep(hash, this.region.hash)
    hash = hashStep(hash, this.timestampMs - time * TWO_32)
    hash = hashStep(hash, time)
    hash = hashStep(hash, 2 * this.durationMs + (this.isBounce ? 1 : 0))
    hash = hashStep(hash, ipAddress[0]!)
    hash = hashStep(hash, ipAddress[1]!)
    hash = hashStep(hash, ipAddress[2]!)
    return hashStep(hash, ipAddress[3]!)
  }

  hash2(): number {
    const time = Math.floor(this.timestampMs / TWO_32)
    const { ipAddress } = this
    let hash = hashStep2(this.region.hash2, this.userAgent.hash2)
    hash = hashStep2(hash, this.userId.hash2)
    hash = hashStep2(hash, this.pageId.hash2)
    hash = hashStep2(hash, this.timestampMs - time * TWO_32)
    hash = hashStep2(hash, ~time)
    hash = hashStep2(hash, 2 * this.durationMs + (this.isBounce ? 1 : 0))
    hash = hashStep2(hash, ipAddress[0]!)
    hash = hashStep2(hash, ipAddress[1]!)
    hash = hashStep2(hash, ipAddress[2]!)
    return hashStep2(hash, ipAddress[3]!)
  }

  /** Copies bytes that have too few behind them to a place of its own. @returns where they begin there */
  copy(source: Buffer, start: number, end: number): number {
    this.#useScratch(end - start)
    source.copy(this.#scratch, 0, start, end)
    return 0
  }

  #useScratch(length: number): void {
    if (this.#scratch.length < length + OVERREAD) {
      this.#scratch = Buffer.allocUnsafe(2 * length + OVERREAD)
      this.#scratchWords = wordsOf(this.#scratch)
    }
    this.bytes = this.#scratch
    this.words = this.#scratchWords
  }

  #write(text: TextBytes, value: string, at: number): number {
    const end = at + this.#scratch.write(value, at, 'utf8')
    text.set(this.#scratchWords, at, end)
    return end
  }
}

/** The same bytes, to be read four at a time. */
export function wordsOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
