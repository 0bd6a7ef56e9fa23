import { CertainSending, NOTHING_UNKNOWN } from './certain.ts'
import type {
  Ledger,
  LedgerEntry,
  LedgerSnapshot,
  LedgerWindow,
  MinuteRange,
  Sendable,
  Sending,
} from './port.ts'
import { emptyTotals, tally } from './tally.ts'

const ALWAYS: MinuteRange = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY }

/** A ledger for unit tests. */
export class MemoryLedger implements Ledger {
  #totals = emptyTotals()
  readonly #windows = new Map<string, LedgerWindow>()
  readonly #once = new Set<string>()

  begin(messages: readonly Sendable[]): Sending {
    return new CertainSending(messages, (entries) => this.record(entries))
  }

  record(entries: readonly LedgerEntry[]): void {
    const { totals, windows } = tally(entries, this.#totals, (eventId) => {
      if (this.#once.has(eventId)) return false
      this.#once.add(eventId)
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

  read({ fromMs, untilMs }: MinuteRange = ALWAYS): LedgerSnapshot {
    const windows = [...this.#windows.values()].filter(({ minute }) => minute >= fromMs && minute < untilMs)
    return { ...this.#totals, windows, unknown: NOTHING_UNKNOWN }
  }
}
