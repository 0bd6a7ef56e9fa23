import type { Database, QueryOptions } from '../store/database.ts'
import { type SpanLevel, type Spans, spansOf } from '../store/spans.ts'

/** The spans that the dashboard shows, each by windows of one level. */
export const RANGES = {
  '15m': { level: 'slice', stepMs: 5_000, spanMs: 15 * 60_000 },
  '24h': { level: 'minute', stepMs: 60_000, spanMs: 24 * 3_600_000 },
  '30d': { level: 'hour', stepMs: 3_600_000, spanMs: 30 * 24 * 3_600_000 },
} as const

export type RangeName = keyof typeof RANGES

export const RANGE_NAMES = Object.keys(RANGES) as readonly RangeName[]

/** A range that ends now. */
export interface Span {
  readonly level: SpanLevel
  readonly stepMs: number
  /** Start of the first window, in milliseconds since the epoch. */
  readonly fromMs: number
  /** The moment that the range ends. */
  readonly toMs: number
  /** The end of the last window. */
  readonly endMs: number
}

/** @param nowMs milliseconds since the epoch */
export function spanOf(range: RangeName, nowMs: number): Span {
  const { level, stepMs, spanMs } = RANGES[range]
  const fromMs = Math.ceil((nowMs - spanMs) / stepMs) * stepMs
  // Clocks differ: a view of the next minutes is kept, and shown when its time has come.
  const endMs = (Math.floor(nowMs / stepMs) + 1) * stepMs
  return { level, stepMs, fromMs, toMs: nowMs, endMs }
}

/** Where the aggregates of a range are read. */
export function aggregatesOf(
  db: Database,
  { level, fromMs, endMs }: Span,
  options?: QueryOptions,
): Promise<Spans> {
  return spansOf(db, level, { fromMs, toMs: endMs }, options)
}
