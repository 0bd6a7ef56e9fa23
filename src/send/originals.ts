import type { LedgerEntry } from '../ledger/port.ts'
import type { Delivered } from './delivery.ts'

type Waiting = readonly ((delivered: Delivered) => void)[]

/** Most page views are repeated by nobody. */
const NOBODY: Waiting = []

/**
 * Page views on their way, so that a repeat can wait for what it repeats: the ledger calls a message a repeat, and that is only
 * true once its original is in the log. Without this, a crash between the two would leave a repeat of nothing.
 *
 * They are known by the very array of bytes that is their key, which whoever repeats a message sends again: as text, each key would have to
 * be written out and hashed, for a repeat that one in a hundred has.
 */
export class Originals {
  readonly #underWay = new Map<Uint8Array, Waiting>()
  readonly #failed = new WeakMap<Uint8Array, LedgerEntry>()

  /** A page view is about to be sent. */
  begin(key: Uint8Array): void {
    this.#underWay.set(key, NOBODY)
  }

  /** It is in the log, or in the failed-events file. */
  end(key: Uint8Array, delivered: Delivered, entry: LedgerEntry): void {
    const waiting = this.#underWay.get(key)
    if (!waiting) return
    this.#underWay.delete(key)
    if (delivered === 'failed') this.#failed.set(key, entry)
    for (const resolve of waiting) resolve(delivered)
  }

  /** What became of a page view; a promise while it is under way. */
  outcome(key: Uint8Array): Delivered | Promise<Delivered> {
    const waiting = this.#underWay.get(key)
    if (waiting) return new Promise((resolve) => this.#underWay.set(key, [...waiting, resolve]))
    return this.#failed.has(key) ? 'failed' : 'acknowledged'
  }

  /** What the ledger is to say of a page view that failed, when it is sent after all. */
  failedEntry(key: Uint8Array): LedgerEntry | undefined {
    return this.#failed.get(key)
  }
}
