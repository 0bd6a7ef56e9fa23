import type { PageView } from '../event/page-view.ts'

/** What is known of a key: never seen (or forgotten), seen with this page view, or seen with another one. */
export type Seen = 'new' | 'repeat' | 'conflict'

/**
 * The keys of the last events, with their page views: two generations, of which the older is forgotten when
 * the younger is full. It spares the store some repeats, and nothing depends on it: the store is a set.
 *
 * A repeat may be dropped before the first of its kind is written, because positions are committed in the order of
 * batches: the repeat's position never becomes durable before the first one's row.
 */
export class RecentKeys {
  readonly #capacity: number
  #younger = new Map<string, PageView>()
  #older = new Map<string, PageView>()

  /** @param capacity keys of one generation; at most twice as many are kept */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Says what is known of the key, and remembers it. Of a conflict, what came first stays. */
  see(eventId: string, view: PageView): Seen {
    const before = this.#younger.get(eventId) ?? this.#older.get(eventId)
    if (before !== undefined) return isSame(before, view) ? 'repeat' : 'conflict'
    if (this.#younger.size >= this.#capacity) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(eventId, view)
    return 'new'
  }
}

/** Of the page view and not of its bytes, since order of fields and white space do not make it another one. */
function isSame(a: PageView, b: PageView): boolean {
  return (
    a.pageId === b.pageId &&
    a.userId === b.userId &&
    a.durationMs === b.durationMs &&
    a.timestampMs === b.timestampMs &&
    a.userAgent === b.userAgent &&
    a.ipAddress === b.ipAddress &&
    a.region === b.region &&
    a.isBounce === b.isBounce
  )
}
