import { AGGREGATE_TABLES, type AggregateKind, KEYS, MEASURES } from '../store/aggregate-tables.ts'
import { type Place, rowsTable } from '../store/ddl.ts'
import { LEVELS, type Level } from './levels.ts'
import type { Source } from './source.ts'

/** 1 % relative error; the median and the 95th percentile. As in migrations/002_rollup.sql. */
const QUANTILES = '(0.01, 0.5, 0.95)'

// Of -StateIf and not -IfState: the state is that of the plain function.
const OF_EVENTS = `countIf(counts) AS view_count, sumIf(duration_ms, counts) AS total_duration, countIf(is_bounce AND counts) AS bounce_count,
  uniqStateIf(user_id, counts) AS unique_users, quantilesDDStateIf${QUANTILES}(duration_ms, counts) AS durations`

// Named apart from the columns they merge: an alias would take the place of a column inside the other functions.
export const OF_STATES = `sum(t.view_count), sum(t.total_duration), sum(t.bounce_count),
  uniqMergeState(t.unique_users), quantilesDDMergeState${QUANTILES}(t.durations)`

/**
 * The statements that compute whole windows anew, all of them at once, and replace their rows. They may run at the same time, except
 * those of hours: by the version of its breakdowns, which come first, is told whether an hour has changed (src/store/days.ts).
 *
 * @param starts the windows' starts in milliseconds since the epoch
 * @param version when the computation began; of two rows for one window and key the higher one stays
 * @param rows how many rows of the source there are, as far as it is known
 * @param place where the tables are; one server by default
 */
export function recompute(
  level: Level,
  source: Source,
  starts: readonly number[],
  version: bigint,
  rows = 0,
  place: Place = ONE_SERVER,
): readonly Statement[] {
  if (source !== 'raw') {
    const settings = place.cluster === null ? {} : WHERE_IT_LIES
    return [
      { sql: fromLevel(level, source, 'breakdowns', starts, version), settings },
      { sql: fromLevel(level, source, 'pages', starts, version), settings },
    ]
  }
  const { events, settings, readings } =
    rows > MANY_ROWS ? manyEvents(level, starts, place) : fewEvents(level, starts, place)
  if (level === 'slice') {
    const sql = slicesFromRaw(events, version, place)
    return [{ sql, settings: { ...settings, ...BOTH_TABLES_AT_ONCE }, readings }]
  }
  return [
    { sql: breakdownsFromRaw(level, events, version, place), settings, readings },
    { sql: pagesFromRaw(level, events, version, place), settings, readings },
  ]
}

const ONE_SERVER: Place = { database: '', cluster: null }

export interface Statement {
  readonly sql: string
  readonly settings?: Readonly<Record<string, number>>
  /** How often it reads each row of its source; once by default. */
  readonly readings?: number
}

/** A statement that reads a table more than once sees the same rows each time, whatever is inserted meanwhile. */
const ONE_MOMENT = { enable_shared_storage_snapshot_in_query: 1 }

/** What slices are handed to, pages and breakdowns, is written by a thread each: a slice of a million rows is there in three quarters of the time. */
const BOTH_TABLES_AT_ONCE = { parallel_view_processing: 1 }

/**
 * Aggregates of every level lie on a shard by page, or by dimension and value, whatever their window (SHARDING in src/store/ddl.ts): so each
 * shard computes the level above from what it has and writes it to itself, and nothing travels.
 */
export const WHERE_IT_LIES = { parallel_distributed_insert_select: 2 }

/** How many rows of the source each of the windows has, so that the work can be cut into pieces. */
export function countRows(level: Level, source: Source, starts: readonly number[]): string {
  const column = source === 'raw' ? 'slice' : 'window_start'
  return `SELECT toUnixTimestamp(${startOf(level, column)}) AS start, count() AS rows
    FROM ${source === 'raw' ? 'page_views_raw' : AGGREGATE_TABLES[source].pages}
    WHERE ${inWindows(level, column, starts)} GROUP BY start`
}

/** Everything about slices out of one reading of their events; migrations/005_slices_at_once.sql hands it to its tables. */
function slicesFromRaw(events: string, version: bigint, place: Place): string {
  const rows = `SELECT start AS window_start, multiIf(grouping(page_id) = 0, 'page', grouping(region) = 0, 'region', 'all') AS dimension,
      multiIf(grouping(page_id) = 0, toString(page_id), grouping(region) = 0, toString(region), '') AS value, ${OF_EVENTS}, ${version} AS version
    FROM (${events})
    GROUP BY GROUPING SETS ((start, page_id), (start, region), (start))`
  return `INSERT INTO page_views_slice_input (window_start, dimension, value, ${MEASURES}, version)
    ${place.cluster === null ? rows : merged(rows, ['window_start', 'dimension', 'value'], version, place)}`
}

function pagesFromRaw(level: Level, events: string, version: bigint, place: Place): string {
  const rows = `SELECT start AS window_start, page_id, ${OF_EVENTS}, ${version} AS version
    FROM (${events})
    GROUP BY start, page_id`
  return `INSERT INTO ${AGGREGATE_TABLES[level].pages} (window_start, page_id, ${MEASURES}, version)
    ${place.cluster === null ? rows : merged(rows, ['window_start', 'page_id'], version, place)}`
}

/** Raw is grouped by region once, and the total of all regions is merged from that. */
function breakdownsFromRaw(level: Level, events: string, version: bigint, place: Place): string {
  const rows = `SELECT start, arrayJoin([('all', ''), ('region', toString(region))]) AS key, ${MEASURES}
      FROM (SELECT start, region, ${OF_EVENTS} FROM (${events}) GROUP BY start, region)`
  return `INSERT INTO ${AGGREGATE_TABLES[level].breakdowns} (window_start, dimension, value, ${MEASURES}, version)
    SELECT t.start, t.key.1, t.key.2, ${OF_STATES}, ${version}
    FROM ${ofEachShard(rows, place)} AS t
    GROUP BY t.start, t.key`
}

/** What each shard makes of its own events, put together. */
function merged(rows: string, keys: readonly string[], version: bigint, place: Place): string {
  const key = keys.map((name) => `t.${name}`).join(', ')
  return `SELECT ${key}, ${OF_STATES}, ${version} FROM ${ofEachShard(rows, place)} AS t GROUP BY ${key}`
}

/**
 * A shard has every repeat of its events (SHARDING in src/store/ddl.ts), so it drops repeats and aggregates by itself; what
 * travels is as little as the aggregates.
 */
function ofEachShard(rows: string, { cluster }: Place): string {
  return cluster === null ? `(${rows})` : `cluster('${cluster.name}', view(${rows}))`
}

/** On a cluster the rows of one shard. The server that runs its part need not have our database as its default. */
function rawTable(place: Place): string {
  const table = rowsTable('page_views_raw', place)
  return place.cluster === null ? table : `${place.database}.${table}`
}

function fromLevel(
  level: Level,
  source: 'slice' | 'minute',
  kind: AggregateKind,
  starts: readonly number[],
  version: bigint,
): string {
  const key = KEYS[kind]
  return `INSERT INTO ${AGGREGATE_TABLES[level][kind]} (window_start, ${key}, ${MEASURES}, version)
    SELECT ${startOf(level, 't.window_start')} AS start, ${key}, ${OF_STATES}, ${version}
    FROM ${AGGREGATE_TABLES[source][kind]} AS t FINAL
    WHERE ${inWindows(level, 't.window_start', starts)}
    GROUP BY start, ${key}`
}

const EVENT = 'page_id, region, duration_ms, is_bounce, user_id'

/**
 * Where a row stands among those of its event in its slice. The first counts. The others are repeats that have not been merged yet, and
 * payloads of a conflict (one event_id, several of them). These stay as rows that count nothing: a page that has lost its only view to
 * another one gets a row with 0 views, which replaces the one that it had.
 */
const RANK = 'row_number() OVER (PARTITION BY slice, event_id ORDER BY page_id, payload_hash)'

interface Events {
  /** A query of the rows of the windows, with whether each counts. */
  readonly events: string
  readonly settings: Readonly<Record<string, number>>
  readonly readings: number
}

function fewEvents(level: Level, starts: readonly number[], place: Place): Events {
  const events = `SELECT ${startOf(level, 'slice')} AS start, ${EVENT}, ${RANK} = 1 AS counts
    FROM ${rawTable(place)}
    WHERE ${inWindows(level, 'slice', starts)}`
  return { events, settings: {}, readings: 1 }
}

/** From here on it is cheaper to look for the few events that are there more than once, and to sort only these (bench/RESULTS.md). */
const MANY_ROWS = 15_000

/**
 * What is looked for twice instead of the event_id: half as wide, so a tenth of the statement is saved. Events that only share this are sorted
 * like repeats, and count.
 */
const FOLDED =
  'toUInt64(bitXor(reinterpretAsUInt128(event_id), bitShiftRight(reinterpretAsUInt128(event_id), 64)))'

/**
 * The same as fewEvents(): every row counts but those that are found to stand behind another one, each told by where it lies. The table is read
 * three times, which must be the table of one moment: see ONE_MOMENT.
 */
function manyEvents(level: Level, starts: readonly number[], place: Place): Events {
  const raw = rawTable(place)
  const where = inWindows(level, 'slice', starts)
  const repeated = `SELECT ${FOLDED} FROM ${raw} WHERE ${where} GROUP BY ${FOLDED} HAVING count() > 1`
  const ranked = `SELECT _part AS part, _part_offset AS row, ${RANK} AS rank FROM ${raw} WHERE ${where} AND ${FOLDED} IN (${repeated})`
  const events = `SELECT ${startOf(level, 'slice')} AS start, ${EVENT},
      (_part, _part_offset) NOT IN (SELECT part, row FROM (${ranked}) WHERE rank > 1) AS counts
    FROM ${raw}
    WHERE ${where}`
  return { events, settings: ONE_MOMENT, readings: 3 }
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
