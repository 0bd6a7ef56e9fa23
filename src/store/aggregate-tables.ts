/** The tables of aggregates by the length of their windows: by page, and by dimensions that are not crossed with pages. */
export const AGGREGATE_TABLES = {
  slice: { pages: 'page_views_slice', breakdowns: 'page_views_breakdown_slice' },
  minute: { pages: 'page_views_agg_minute', breakdowns: 'page_views_breakdown_minute' },
  hour: { pages: 'page_views_agg_hour', breakdowns: 'page_views_breakdown_hour' },
} as const

/** The same of days, which are merged out of hours (days.ts). */
export const DAY_TABLES = { pages: 'page_views_agg_day', breakdowns: 'page_views_breakdown_day' } as const

/** What a row is of, beside its window. */
export const KEYS = { pages: 'page_id', breakdowns: 'dimension, value' } as const

export type AggregateKind = keyof typeof KEYS

export const KINDS = Object.keys(KEYS) as readonly AggregateKind[]

/** The columns that every row of aggregates has: what it counts to, with states that can be merged. */
export const MEASURES = 'view_count, total_duration, bounce_count, unique_users, durations'
