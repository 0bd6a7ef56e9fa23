import type { LedgerEntry, LedgerSnapshot, LedgerWindow } from './port.ts'

export type Totals = Omit<LedgerSnapshot, 'windows' | 'unknown'>

/** What is to be added to a window. */
export type WindowCounts = LedgerWindow

const MINUTE_MS = 60_000

export function emptyTotals(): Totals {
  return { messages: 0, views: 0, repeats: 0, invalid: {} }
}

/**
 * Adds entries up.
 *
 * @param before the totals so far
 * @param isFirst whether this page view is recorded for the first time; asked once for each 'view-once', and remembers
 * @returns the totals now, and for each window what comes to it
 */
export function tally(
  entries: readonly LedgerEntry[],
  before: Totals,
  isFirst: (eventId: string) => boolean,
): { totals: Totals; windows: WindowCounts[] } {
  const invalid = { ...before.invalid }
  const windows = new Map<string, { -readonly [K in keyof WindowCounts]: WindowCounts[K] }>()
  let { views, repeats } = before
  for (const entry of entries) {
    if (entry.kind === 'invalid') {
      invalid[entry.reason] = (invalid[entry.reason] ?? 0) + 1
    } else if (entry.kind === 'repeat' || (entry.kind === 'view-once' && !isFirst(entry.eventId))) {
      repeats += 1
    } else {
      views += 1
      const minute = Math.floor(entry.timestampMs / MINUTE_MS) * MINUTE_MS
      const name = `${minute} ${entry.pageId}`
      let window = windows.get(name)
      if (!window) {
        window = { minute, pageId: entry.pageId, views: 0, bounces: 0, durationMs: 0 }
        windows.set(name, window)
      }
      window.views += 1
      window.bounces += entry.isBounce ? 1 : 0
      window.durationMs += entry.durationMs
    }
  }
  const totals = { messages: before.messages + entries.length, views, repeats, invalid }
  return { totals, windows: [...windows.values()] }
}
