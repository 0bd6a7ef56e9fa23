import { hash } from 'node:crypto'
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

/** Of the page view and not of its bytes, since order of fields and white space do not make it another one. */
function fingerprintOf(view: PageView): string {
  const fields = [
    view.pageId,
    view.userId,
    view.durationMs,
    view.timestampMs,
    view.userAgent,
    view.ipAddress,
    view.region,
    view.isBounce,
  ]
  return hash('sha256', JSON.stringify(fields), 'base64')
}
