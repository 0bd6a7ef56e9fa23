import type { NoLogLine } from './log-line.ts'
import type { Kind } from './page-view-line.ts'

/** A line that is left out because it is no log line. */
export interface Reject {
  readonly line: number
  readonly why: NoLogLine
}

/** What a file holds. */
export interface FileCounts {
  lines: number
  kinds: Record<Kind, number>
  /** Lines that are no log lines, or whose time is no date. */
  rejected: number
  /** The first of them. */
  rejects: Reject[]
  /** Of the page views, in milliseconds since the epoch; null when there are none. */
  firstMs: number | null
  lastMs: number | null
}

const REJECTS_NAMED = 10

export function emptyCounts(): FileCounts {
  return {
    lines: 0,
    kinds: { 'page view': 0, 'other method': 0, 'other status': 0, asset: 0 },
    rejected: 0,
    rejects: [],
    firstMs: null,
    lastMs: null,
  }
}

export function countReject(counts: FileCounts, reject: Reject): void {
  counts.rejected += 1
  if (counts.rejects.length < REJECTS_NAMED) counts.rejects.push(reject)
}

export function countTime(counts: FileCounts, timestampMs: number): void {
  counts.firstMs = Math.min(counts.firstMs ?? timestampMs, timestampMs)
  counts.lastMs = Math.max(counts.lastMs ?? timestampMs, timestampMs)
}
