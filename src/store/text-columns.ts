import { OVERREAD, type PageViewBytes, type TextBytes, wordsOf } from '../event/page-view-bytes.ts'
import { firstBytes } from '../event/text-hash.ts'

/** Texts one after the other, each with its length before it: a String column of ClickHouse's binary formats. */
export class TextColumn {
  #buffer = Buffer.allocUnsafe(16_384)
  #length = 0

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  get byteLength(): number {
    return this.#length
  }

  add(source: Buffer, { start, end }: TextBytes): void {
    const length = end - start
    // A length takes at most five bytes (LEB128).
    if (this.#length + length + 5 > this.#buffer.length) this.#grow(length + 5)
    const buffer = this.#buffer
    let at = this.#length
    let rest = length
    for (; rest >= 0x80; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
    buffer[at++] = rest
    if (length > COPIED_BY_LOOP) source.copy(buffer, at, start, end)
    else for (let i = 0; i < length; i++) buffer[at + i] = source[start + i]!
    this.#length = at + length
  }

  #grow(more: number): void {
    const larger = Buffer.allocUnsafe(2 * (this.#buffer.length + more))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** Up to here a loop is faster than the call into the runtime. */
const COPIED_BY_LOOP = 64

/** Where a text is. */
type Source = Pick<PageViewBytes, 'bytes' | 'words'>

/** Different texts with a number each, from 0 in the order in which they came: the dictionary of a LowCardinality column. */
export class Dictionary {
  readonly #texts = new TextColumn()
  /** Where each text begins and ends in #bytes. */
  #starts: number[] = []
  #ends: number[] = []
  #hashes: number[] = []
  #bytes = Buffer.allocUnsafe(4_096)
  #words = wordsOf(this.#bytes)
  #used = 0
  /** A hash table with open addressing: number of the text plus one, 0 where there is none. */
  #slots = new Int32Array(256)

  get size(): number {
    return this.#starts.length
  }

  /** How many bytes they are as a column. */
  get byteLength(): number {
    return this.#texts.byteLength
  }

  /** All of them, as a String column. */
  get column(): Buffer {
    return this.#texts.bytes
  }

  /** The number of a text; a new one when it is new. */
  indexOf(source: Source, text: TextBytes): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = text.hash & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]! - 1
      if (index < 0) return this.#add(source.bytes, text, slot)
      if (this.#hashes[index] === text.hash && this.#isSame(index, source.words, text)) return index
    }
  }

  #isSame(index: number, source: DataView, { start, end }: TextBytes): boolean {
    const from = this.#starts[index]!
    const length = end - start
    if (this.#ends[index]! - from !== length) return false
    const words = this.#words
    let i = 0
    for (; i + 4 <= length; i += 4) {
      if (words.getInt32(from + i, true) !== source.getInt32(start + i, true)) return false
    }
    const rest = words.getInt32(from + i, true) ^ source.getInt32(start + i, true)
    return firstBytes(rest, length - i) === 0
  }

  #add(source: Buffer, text: TextBytes, slot: number): number {
    const index = this.size
    const length = text.end - text.start
    if (this.#used + length + OVERREAD > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#bytes.length + length))
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
      this.#words = wordsOf(larger)
    }
    source.copy(this.#bytes, this.#used, text.start, text.end)
    this.#starts.push(this.#used)
    this.#used += length
    this.#ends.push(this.#used)
    this.#hashes.push(text.hash)
    this.#texts.add(source, text)
    this.#slots[slot] = index + 1
    if (2 * this.size > this.#slots.length) this.#growSlots()
    return index
  }

  #growSlots(): void {
    const slots = new Int32Array(4 * this.#slots.length)
    const mask = slots.length - 1
    for (let index = 0; index < this.size; index++) {
      let slot = this.#hashes[index]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.#slots = slots
  }
}
