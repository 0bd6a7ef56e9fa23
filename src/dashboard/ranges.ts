/** The spans that the dashboard shows, each by windows of one level. */
export const RANGES = {
  '15m': { level: 'slice', stepMs: 5_000, spanMs: 15 * 60_000 },
  '24h': { level: 'minute', stepMs: 60_000, spanMs: 24 * 3_600_000 },
  '30d': { level: 'hour', stepMs: 3_600_000, spanMs: 30 * 24 * 3_600_000 },
} as const

export type RangeName = keyof typeof RANGES

export const RANGE_NAMES = Object.keys(RANGES) as readonly RangeName[]

const TABLES = {
  slice: { pages: 'page_views_slice', breakdowns: 'page_views_breakdown_slice' },
  minute: { pages: 'page_views_agg_minute', breakdowns: 'page_views_breakdown_minute' },
  hour: { pages: 'page_views_agg_hour', breakdowns: 'page_views_breakdown_hour' },
} as const

/** A range that ends now, as the parts of a query. */
export interface Span {
  readonly stepMs: number
  /** Start of the first window, in milliseconds since the epoch. */
  readonly fromMs: number
  /** The moment that the range ends. */
  readonly toMs: number
  /** Tables of aggregates by page, and by other dimensions. */
  readonly pages: string
  readonly breakdowns: string
  /** The condition of the rows, where the table is called t. */
  readonly inRange: string
}

/** @param nowMs milliseconds since the epoch */
export function spanOf(range: RangeName, nowMs: number): Span {
  const { level, stepMs, spanMs } = RANGES[range]
  const fromMs = Math.ceil((nowMs - spanMs) / stepMs) * stepMs
  // Clocks differ: a view of the next minutes is kept, and shown when its time has come.
  const lastMs = Math.floor(nowMs / stepMs) * stepMs
  const inRange = `t.window_start >= ${fromMs / 1_000} AND t.window_start <= ${lastMs / 1_000}`
  return { stepMs, fromMs, toMs: nowMs, ...TABLES[level], inRange }
}
