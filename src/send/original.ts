import type { LedgerEntry } from '../ledger/port.ts'
import type { Delivered } from './delivery.ts'

type Waiting = readonly ((delivered: Delivered) => void)[]

/** Most page views are repeated by nobody. */
const NOBODY: Waiting = []

/**
 * A page view that may be repeated, and what became of it, so that a repeat can wait for what it repeats: the ledger calls a message a
 * repeat, and that is only true once its original is in the log. Without this, a crash between the two would leave a repeat of nothing.
 *
 * A repeat brings it along. Looked for by its key, each page view would have to be put into a table and taken out again, for a repeat that one
 * in a hundred has.
 */
export class Original {
  /** What the ledger is to say of the page view. */
  readonly entry: LedgerEntry
  #delivered: Delivered | undefined
  #waiting: Waiting = NOBODY

  constructor(entry: LedgerEntry) {
    this.entry = entry
  }

  /** It is in the log, or in the failed-events file. */
  end(delivered: Delivered): void {
    this.#delivered = delivered
    for (const resolve of this.#waiting) resolve(delivered)
    this.#waiting = NOBODY
  }

  /** What became of it; a promise until it has ended. */
  outcome(): Delivered | Promise<Delivered> {
    if (this.#delivered !== undefined) return this.#delivered
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, resolve]
    })
  }
}
