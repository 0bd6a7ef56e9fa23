import { LEVELS, type Level } from './levels.ts'
import type { Source } from './source.ts'

/** The tables of aggregates: by page, and by dimensions that are not crossed with pages. */
export const TABLES = {
  slice: { pages: 'page_views_slice', breakdowns: 'page_views_breakdown_slice' },
  minute: { pages: 'page_views_agg_minute', breakdowns: 'page_views_breakdown_minute' },
  hour: { pages: 'page_views_agg_hour', breakdowns: 'page_views_breakdown_hour' },
} as const satisfies Record<Level, { pages: string; breakdowns: string }>

const MEASURES = 'view_count, total_duration, bounce_count, unique_users, durations'
/** 1 % relative error; the median and the 95th percentile. As in migrations/002_rollup.sql. */
const QUANTILES = '(0.01, 0.5, 0.95)'

const OF_EVENTS = `count() AS view_count, sum(duration_ms) AS total_duration, countIf(is_bounce) AS bounce_count,
  uniqState(user_id) AS unique_users, quantilesDDState${QUANTILES}(duration_ms) AS durations`

// Named apart from the columns they merge: an alias would take the place of a column inside the other functions.
const OF_STATES = `sum(t.view_count), sum(t.total_duration), sum(t.bounce_count),
  uniqMergeState(t.unique_users), quantilesDDMergeState${QUANTILES}(t.durations)`

/**
 * The statements that compute whole windows anew, all of them at once, and replace their rows.
 *
 * @param starts the windows' starts in milliseconds since the epoch
 * @param version when the computation began; of two rows for one window and key the higher one stays
 */
export function recompute(
  level: Level,
  source: Source,
  starts: readonly number[],
  version: bigint,
): readonly [pages: string, breakdowns: string] {
  return source === 'raw'
    ? [pagesFromRaw(level, starts, version), breakdownsFromRaw(level, starts, version)]
    : [
        fromLevel(level, source, 'pages', 'page_id', starts, version),
        fromLevel(level, source, 'breakdowns', 'dimension, value', starts, version),
      ]
}

/** How many rows of the source each of the windows has, so that the work can be cut into pieces. */
export function countRows(level: Level, source: Source, starts: readonly number[]): string {
  const column = source === 'raw' ? 'slice' : 'window_start'
  return `SELECT toUnixTimestamp(${startOf(level, column)}) AS start, count() AS rows
    FROM ${source === 'raw' ? 'page_views_raw' : TABLES[source].pages}
    WHERE ${inWindows(level, column, starts)} GROUP BY start`
}

function pagesFromRaw(level: Level, starts: readonly number[], version: bigint): string {
  return `INSERT INTO ${TABLES[level].pages} (window_start, page_id, ${MEASURES}, version)
    SELECT start, page_id, ${OF_EVENTS}, ${version}
    FROM (${events(level, 'page_id', starts)})
    GROUP BY start, page_id`
}

/** Raw is grouped by region once, and the total of all regions is merged from that. */
function breakdownsFromRaw(level: Level, starts: readonly number[], version: bigint): string {
  return `INSERT INTO ${TABLES[level].breakdowns} (window_start, dimension, value, ${MEASURES}, version)
    SELECT t.start, t.key.1, t.key.2, ${OF_STATES}, ${version}
    FROM (
      SELECT start, arrayJoin([('all', ''), ('region', toString(region))]) AS key, ${MEASURES}
      FROM (SELECT start, region, ${OF_EVENTS} FROM (${events(level, 'region', starts)}) GROUP BY start, region)
    ) AS t
    GROUP BY t.start, t.key`
}

function fromLevel(
  level: Level,
  source: 'slice' | 'minute',
  kind: 'pages' | 'breakdowns',
  key: string,
  starts: readonly number[],
  version: bigint,
): string {
  return `INSERT INTO ${TABLES[level][kind]} (window_start, ${key}, ${MEASURES}, version)
    SELECT ${startOf(level, 't.window_start')} AS start, ${key}, ${OF_STATES}, ${version}
    FROM ${TABLES[source][kind]} AS t FINAL
    WHERE ${inWindows(level, 't.window_start', starts)}
    GROUP BY start, ${key}`
}

/**
 * The events of the windows, each once in its slice. Equal rows that have not been merged yet fall away, and of a conflict
 * (one event_id, several payloads) the first in sort order stays, whichever came first.
 */
function events(level: Level, key: string, starts: readonly number[]): string {
  return `SELECT ${startOf(level, 'slice')} AS start, ${key}, duration_ms, is_bounce, user_id
    FROM page_views_raw
    WHERE ${inWindows(level, 'slice', starts)}
    ORDER BY slice, page_id, event_id, payload_hash
    LIMIT 1 BY slice, event_id`
}

function startOf(level: Level, column: string): string {
  return { slice: column, minute: `toStartOfMinute(${column})`, hour: `toStartOfHour(${column})` }[level]
}

/** The bounds let whole partitions be left out, the set single windows. */
function inWindows(level: Level, column: string, starts: readonly number[]): string {
  const seconds = starts.map((start) => start / 1_000)
  const first = seconds.reduce((a, b) => Math.min(a, b))
  const end = seconds.reduce((a, b) => Math.max(a, b)) + LEVELS[level] / 1_000
  return `${column} >= ${first} AND ${column} < ${end} AND ${startOf(level, column)} IN (${seconds.join(', ')})`
}
