import type { DoubtedEntry, DoubtedView, Doubts } from './port.ts'

export type DoubtTotals = Omit<Doubts, 'views'>

export function noDoubts(): DoubtTotals {
  return { messages: 0, invalid: {} }
}

/**
 * Adds an attempt without an answer.
 *
 * @param before the totals so far
 * @returns the totals now, and the page views in the attempt, whether acknowledged before or not
 */
export function addDoubts(
  entries: readonly DoubtedEntry[],
  before: DoubtTotals,
): { totals: DoubtTotals; views: DoubtedView[] } {
  const invalid = { ...before.invalid }
  const views: DoubtedView[] = []
  for (const entry of entries) {
    if (entry.kind === 'invalid') invalid[entry.reason] = (invalid[entry.reason] ?? 0) + 1
    else if (entry.kind === 'view-once') {
      const { kind: _, ...view } = entry
      views.push(view)
    }
  }
  return { totals: { messages: before.messages + entries.length, invalid }, views }
}
