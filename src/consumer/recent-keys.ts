import type { EventId } from '../event/event-id.ts'
import type { PageViewBytes } from '../event/page-view-bytes.ts'
import { finishHash } from '../event/text-hash.ts'

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
    const slotHash = hashOf(words)
    const hash = view.hash()
    const hash2 = view.hash2()
    const seen = this.#younger.find(words, slotHash, hash, hash2)
    if (seen !== 'new') return seen
    const before = this.#older.find(words, slotHash, hash, hash2)
    if (before !== 'new') return before
    if (this.#younger.isFull) {
      const forgotten = this.#older
      this.#older = this.#younger
      this.#younger = forgotten
      forgotten.clear()
    }
    this.#younger.add(words, slotHash, hash, hash2)
    return 'new'
  }
}

/** The last words of a UUID are the random ones; the others tell apart keys that are made by counting. */
function hashOf(key: Uint32Array): number {
  return finishHash(Math.imul(key[1]!, 0x85ebca6b) ^ Math.imul(key[2]!, 0xc2b2ae35) ^ key[3]!, key[0]!)
}

/**
 * Where the numbers of a key stand: its four words, and two hashes of its page view; of that and not of its bytes, since order of
 * fields and white space do not make it another one.
 */
const [HASH, HASH2, WIDTH] = [4, 5, 6] as const

/**
 * Keys one after the other, and a hash table with open addressing, a third full at most, that says where they are. A slot is the number of
 * a key, counted from one, with some bits of its hash above it: nearly every key that is asked for is a new one, and is
 * found to be so in the small table, which the processor has at hand.
 */
class Generation {
  readonly #capacity: number
  readonly #keys: Int32Array
  readonly #slots: Int32Array
  /** The low bits: of a hash they say where to look, in a slot they are the number. The others are compared. */
  readonly #mask: number
  #size = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#keys = new Int32Array(capacity * WIDTH)
    const bits = Math.ceil(Math.log2(3 * capacity))
    this.#slots = new Int32Array(2 ** bits)
    this.#mask = 2 ** bits - 1
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity
  }

  find(key: Uint32Array, slotHash: number, hash: number, hash2: number): Seen {
    const slots = this.#slots
    const mask = this.#mask
    const tag = slotHash & ~mask
    for (let slot = slotHash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!
      if (entry === 0) return 'new'
      if ((entry & ~mask) !== tag) continue
      const keys = this.#keys
      const at = ((entry & mask) - 1) * WIDTH
      const isSame =
        keys[at] === (key[0]! | 0) &&
        keys[at + 1] === (key[1]! | 0) &&
        keys[at + 2] === (key[2]! | 0) &&
        keys[at + 3] === (key[3]! | 0)
      if (isSame) return keys[at + HASH] === hash && keys[at + HASH2] === hash2 ? 'repeat' : 'conflict'
    }
  }

  /** Adds a key that is not there, while there is room. */
  add(key: Uint32Array, slotHash: number, hash: number, hash2: number): void {
    const keys = this.#keys
    const at = this.#size * WIDTH
    keys[at] = key[0]!
    keys[at + 1] = key[1]!
    keys[at + 2] = key[2]!
    keys[at + 3] = key[3]!
    keys[at + HASH] = hash
    keys[at + HASH2] = hash2
    this.#size += 1
    const slots = this.#slots
    const mask = this.#mask
    let slot = slotHash & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = (slotHash & ~mask) | this.#size
  }

  clear(): void {
    this.#slots.fill(0)
    this.#size = 0
  }
}
