import { addDoubts, noDoubts } from './doubts.ts'
import type {
  DoubtedEntry,
  DoubtedView,
  Doubts,
  Ledger,
  LedgerEntry,
  LedgerSnapshot,
  LedgerWindow,
} from './port.ts'
import { emptyTotals, tally } from './tally.ts'

/** A ledger for unit tests. */
export class MemoryLedger implements Ledger {
  #totals = emptyTotals()
  readonly #windows = new Map<string, LedgerWindow>()
  readonly #once = new Set<string>()
  #doubts = noDoubts()
  readonly #doubted = new Map<string, DoubtedView>()

  record(entries: readonly LedgerEntry[]): void {
    const { totals, windows } = tally(entries, this.#totals, (eventId) => {
      if (this.#once.has(eventId)) return false
      this.#once.add(eventId)
      this.#doubted.delete(eventId)
      return true
    })
    this.#totals = totals
    for (const { minute, pageId, ...counts } of windows) {
      const name = `${minute} ${pageId}`
      const before = this.#windows.get(name)
      this.#windows.set(name, {
        minute,
        pageId,
        views: (before?.views ?? 0) + counts.views,
        bounces: (before?.bounces ?? 0) + counts.bounces,
        durationMs: (before?.durationMs ?? 0) + counts.durationMs,
      })
    }
  }

  read(): LedgerSnapshot {
    return { ...this.#totals, windows: [...this.#windows.values()] }
  }

  doubt(entries: readonly DoubtedEntry[]): void {
    const { totals, views } = addDoubts(entries, this.#doubts)
    this.#doubts = totals
    for (const view of views) if (!this.#once.has(view.eventId)) this.#doubted.set(view.eventId, view)
  }

  doubts(): Doubts {
    return { ...this.#doubts, views: [...this.#doubted.values()] }
  }
}
