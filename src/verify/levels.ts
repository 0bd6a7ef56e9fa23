import type { CheckName } from './report.ts'

/**
 * One table of aggregates and how raw answers the same question. Both sides are grouped by window and by a key that
 * is a page, or a dimension with its value.
 */
export interface LevelTable {
  readonly check: CheckName
  readonly table: string
  readonly seconds: number
  /** What the key means, for people. */
  readonly keyIs: string
  /** The key, as an expression over the aggregate's columns. */
  readonly key: string
  /** The same key, as an expression over a raw row; an array, since a row counts in several dimensions. */
  readonly rawKeys: string
}

const PAGE = { keyIs: 'page', key: 'page_id', rawKeys: '[toString(page_id)]' }
const DIMENSION = {
  keyIs: 'breakdown',
  key: "concat(dimension, '=', value)",
  rawKeys: "['all=', concat('region=', toString(region))]",
}

export const LEVEL_TABLES: readonly LevelTable[] = [
  { check: 'slice', table: 'page_views_slice', seconds: 5, ...PAGE },
  { check: 'slice', table: 'page_views_breakdown_slice', seconds: 5, ...DIMENSION },
  { check: 'minute', table: 'page_views_agg_minute', seconds: 60, ...PAGE },
  { check: 'minute', table: 'page_views_breakdown_minute', seconds: 60, ...DIMENSION },
  { check: 'hour', table: 'page_views_agg_hour', seconds: 3_600, ...PAGE },
  { check: 'hour', table: 'page_views_breakdown_hour', seconds: 3_600, ...DIMENSION },
]

/**
 * Raw events of a time: each once in its slice, as the aggregates count them. Without conflicts that is what is left
 * when equal rows are merged; with some, the first in sort order is taken, which needs a sort. The bounds are on the
 * sorting key, and inside, so that nothing else is read.
 *
 * @param where a condition on columns of the sorting key
 */
export function rawEvents(conflicts: boolean, where: string): string {
  return conflicts
    ? `(SELECT slice, page_id, event_id, region, duration_ms, is_bounce, kafka_partition, kafka_offset, processed_time
        FROM page_views_raw FINAL WHERE ${where}
        ORDER BY slice, page_id, event_id, payload_hash LIMIT 1 BY slice, event_id)`
    : `(SELECT slice, page_id, event_id, region, duration_ms, is_bounce, kafka_partition, kafka_offset, processed_time
        FROM page_views_raw FINAL WHERE ${where})`
}

/** Raw events, counted by window and key; `also` adds columns. */
export function rawSide({ seconds, rawKeys }: LevelTable, events: string, also = ''): string {
  return `SELECT intDiv(toUnixTimestamp(slice), ${seconds}) * ${seconds} AS window,
                 arrayJoin(${rawKeys}) AS key,
                 count() AS views, countIf(is_bounce) AS bounces, sum(duration_ms) AS duration${also}
          FROM ${events} GROUP BY window, key`
}

/** The finished numbers of a table of aggregates, by window and key. */
export function aggregateSide({ table, key }: LevelTable, where: string): string {
  return `SELECT toUnixTimestamp(window_start) AS window, toString(${key}) AS key,
                 view_count AS views, bounce_count AS bounces, total_duration AS duration
          FROM ${table} FINAL WHERE ${where}`
}
