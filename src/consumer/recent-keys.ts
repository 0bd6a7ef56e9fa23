import type { EventId } from '../event/event-id.ts'
import type { PageViewBytes } from '../event/page-view-bytes.ts'

/** What is known of a key: never seen (or forgotten), seen with this page view, or seen with another one. */
export type Seen = 'new' | 'repeat' | 'conflict'

/**
 * The keys of the last events, each with a hash of its page view in 64 bits: two generations, of which the older is forgotten when
 * the younger is full. It spares the store some repeats, and nothing depends on it: the store is a set.
 *
 * A repeat may be dropped before the first of its kind is written, because positions are committed in the order of
 * batches: the repeat's position never becomes durable before the first one's row.
 */
export class RecentKeys {
  #younger: Generation
  #older: Generation

  /** @param capacity keys of one generation; at most twice as many are kept */
  constructor(capacity: number) {
    this.#younger = new Generation(capacity)
    this.#older = new Generation(capacity)
  }

  /** Says what is known of the key, and remembers it. Of a conflict, what came first stays. */
  see({ words }: EventId, view: PageViewBytes): Seen {
    const hash = view.hash()
    const hash2 = view.hash2()
    const known = this.#younger.find(words) ?? this.#older.find(words)
    if (known !== undefined) return known.hash === hash && known.hash2 === hash2 ? 'repeat' : 'conflict'
    if (this.#younger.isFull) {
      const forgotten = this.#older
      this.#older = this.#younger
      this.#younger = forgotten
      forgotten.clear()
    }
    this.#younger.add(words, hash, hash2)
    return 'new'
  }
}

/** Of the page view and not of its bytes, since order of fields and white space do not make it another one. */
interface Known {
  readonly hash: number
  readonly hash2: number
}

/** Where a key's numbers stand: its four words, its page view's two hashes, and whether there is one. */
const [HASH, HASH2, USED, WIDTH] = [4, 5, 6, 8] as const

/** A hash table with open addressing in one array, a third full at most. */
class Generation {
  readonly #capacity: number
  readonly #table: Int32Array
  readonly #mask: number
  #size = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    const slots = 2 ** Math.ceil(Math.log2(3 * capacity))
    this.#mask = slots - 1
    this.#table = new Int32Array(slots * WIDTH)
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity
  }

  find(key: Uint32Array): Known | undefined {
    const at = this.#slotOf(key)
    const table = this.#table
    return table[at + USED] === 0 ? undefined : { hash: table[at + HASH]!, hash2: table[at + HASH2]! }
  }

  add(key: Uint32Array, hash: number, hash2: number): void {
    const at = this.#slotOf(key)
    const table = this.#table
    table[at] = key[0]!
    table[at + 1] = key[1]!
    table[at + 2] = key[2]!
    table[at + 3] = key[3]!
    table[at + HASH] = hash
    table[at + HASH2] = hash2
    table[at + USED] = 1
    this.#size += 1
  }

  clear(): void {
    this.#table.fill(0)
    this.#size = 0
  }

  /** Where the key is, or where it would be. */
  #slotOf(key: Uint32Array): number {
    const table = this.#table
    const [a, b, c, d] = [key[0]! | 0, key[1]! | 0, key[2]! | 0, key[3]! | 0]
    // The last words of a UUID are the random ones; the others tell apart keys that are made by counting.
    let slot = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d, 0x9e3779b1) >>> 0
    for (;;) {
      slot &= this.#mask
      const at = slot * WIDTH
      if (table[at + USED] === 0) return at
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return at
      slot += 1
    }
  }
}
