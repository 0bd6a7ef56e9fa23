import type { LedgerEntry, LedgerSnapshot, LedgerWindow } from './port.ts'

export type Totals = Omit<LedgerSnapshot, 'windows' | 'unknown'>

/** What is to be added to a window. */
export type WindowCounts = LedgerWindow

type Growing = { -readonly [K in keyof WindowCounts]: WindowCounts[K] }

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
  const windows = new Map<number, Map<string, Growing>>()
  let { views, repeats } = before
  for (const entry of entries) {
    if (entry.kind === 'invalid') {
      invalid[entry.reason] = (invalid[entry.reason] ?? 0) + 1
    } else if (entry.kind === 'repeat' || (entry.kind === 'view-once' && !isFirst(entry.eventId))) {
      repeats += 1
    } else {
      views += 1
      const minute = Math.floor(entry.timestampMs / MINUTE_MS) * MINUTE_MS
      let pages = windows.get(minute)
      if (!pages) {
        pages = new Map()
        windows.set(minute, pages)
      }
      let window = pages.get(entry.pageId)
      if (!window) {
        window = { minute, pageId: entry.pageId, views: 0, bounces: 0, durationMs: 0 }
        pages.set(entry.pageId, window)
      }
      window.views += 1
      window.bounces += entry.isBounce ? 1 : 0
      window.durationMs += entry.durationMs
    }
  }
  const totals = { messages: before.messages + entries.length, views, repeats, invalid }
  return { totals, windows: [...windows.values()].flatMap((pages) => [...pages.values()]) }
}
