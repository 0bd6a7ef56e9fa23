import type { PageView } from '../event/page-view.ts'

/** What is known of a key: never seen (or forgotten), seen with this page view, or seen with another one. */
export type Seen = 'new' | 'repeat' | 'conflict'

/**
 * The keys of the last events, with a fingerprint of each page view: two generations, of which the older is forgotten when
 * the younger is full. It spares the store some repeats, and nothing depends on it: the store is a set.
 *
 * A repeat may be dropped before the first of its kind is written, because positions are committed in the order of
 * batches: the repeat's position never becomes durable before the first one's row.
 */
export class RecentKeys {
  readonly #capacity: number
  #younger = new Map<string, string>()
  #older = new Map<string, string>()

  /** @param capacity keys of one generation; at most twice as many are kept */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Says what is known of the key, and remembers it. Of a conflict, what came first stays. */
  see(eventId: string, view: PageView): Seen {
    const fingerprint = fingerprintOf(view)
    const before = this.#younger.get(eventId) ?? this.#older.get(eventId)
    if (before !== undefined) return before === fingerprint ? 'repeat' : 'conflict'
    if (this.#younger.size >= this.#capacity) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(eventId, fingerprint)
    return 'new'
  }
}

/**
 * Of the page view and not of its bytes, since order of fields and white space do not make it another one. FNV-1a, twice, of 32 bits
 * each: it need not withstand anybody, since a conflict that it took for a repeat would be one of billions, under one key.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
function fingerprintOf(view: PageView): string {
  const hash = new Fnv()
  hash.text(view.pageId)
  hash.text(view.userId)
  hash.number(view.durationMs)
  hash.number(view.timestampMs)
  hash.text(view.userAgent)
  hash.text(view.ipAddress)
  hash.text(view.region)
  hash.number(view.isBounce ? 1 : 0)
  return hash.value
}

class Fnv {
  #a = 0x811c9dc5
  #b = 0x050c5d1f

  /** The length goes first, so that no two lists of texts are the same. */
  text(text: string): void {
    this.number(text.length)
    for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i))
  }

  number(n: number): void {
    this.#add(n | 0)
    this.#add(Math.floor(n / 2 ** 32) | 0)
  }

  get value(): string {
    return `${this.#a >>> 0} ${this.#b >>> 0}`
  }

  #add(unit: number): void {
    this.#a = Math.imul(this.#a ^ unit, 0x01000193)
    this.#b = Math.imul(this.#b ^ unit, 0x01000193) ^ (this.#b >>> 15)
  }
}
