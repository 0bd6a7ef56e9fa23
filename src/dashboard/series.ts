import type { Database } from '../store/database.ts'
import { Spans } from '../store/spans.ts'
import { type RangeName, spanOf } from './ranges.ts'

/** Points of the time chart as columns, one entry for each window from `start_ms` on. Nothing was viewed: 0, and null for durations. */
export interface Series {
  range: RangeName
  /** The range shown, in milliseconds since the epoch; points may begin later and end earlier. */
  from_ms: number
  to_ms: number
  step_ms: number
  /** Start of the first window that has a point. */
  start_ms: number
  /** How many of the points will not grow any more, save by late events; the others are windows still open. */
  complete: number
  views: number[]
  users: number[]
  bounces: number[]
  avg_ms: (number | null)[]
  p95_ms: (number | null)[]
}

interface Row {
  start: number
  views: number
  users: number
  bounces: number
  avg_ms: number
  p95_ms: number
}

/** How long a view takes to the store at most, as a rule: until then the end of a window is not taken for complete. */
const ARRIVAL_MS = 1_500

/**
 * Reads the points of a range.
 *
 * @param nowMs where the range ends, in milliseconds since the epoch
 * @param freshMs up to when everything written is in the aggregates; later points are not made up
 */
export async function readSeries(
  db: Database,
  range: RangeName,
  nowMs: number,
  freshMs: number,
  signal?: AbortSignal,
): Promise<Series> {
  const options = signal === undefined ? {} : { signal }
  const span = spanOf(range, nowMs)
  const windows = new Spans(span.level, span.fromMs, span.endMs, []).windows(
    'breakdowns',
    "t.dimension = 'all'",
  )
  // Slices come and go too fast for a number of their own.
  const users = span.level === 'slice' ? 'finalizeAggregation(t.unique_users)' : 't.users'
  const rows = await db.query<Row>(
    `SELECT toUnixTimestamp(t.window_start) AS start, t.view_count AS views,
       ${users} AS users, t.bounce_count AS bounces,
       if(views = 0, 0, round(t.total_duration / views)) AS avg_ms,
       ifNotFinite(round(finalizeAggregation(t.durations)[2]), 0) AS p95_ms
     FROM ${windows} ORDER BY start`,
    options,
  )
  return seriesOf(range, rows, nowMs, freshMs)
}

/** Puts rows into columns: windows between them were without views, and so were those after them up to `freshMs`. */
export function seriesOf(
  range: RangeName,
  rows: readonly Readonly<Row>[],
  nowMs: number,
  freshMs: number,
): Series {
  const { fromMs, toMs, stepMs } = spanOf(range, nowMs)
  const startMs = rows[0] === undefined ? fromMs : rows[0].start * 1_000
  const last = rows.at(-1)
  const upTo = Math.min(freshMs, nowMs) - ARRIVAL_MS
  const complete = Math.max(0, Math.floor((upTo - startMs) / stepMs))
  const known = last === undefined ? 0 : (last.start * 1_000 - startMs) / stepMs + 1
  // The open slice is over in a moment; an open minute or hour is worth a look.
  const length = rows.length === 0 ? 0 : range === '15m' ? complete : Math.max(known, complete)
  const series: Series = {
    range,
    from_ms: fromMs,
    to_ms: toMs,
    step_ms: stepMs,
    start_ms: startMs,
    complete: Math.min(complete, length),
    views: Array(length).fill(0),
    users: Array(length).fill(0),
    bounces: Array(length).fill(0),
    avg_ms: Array(length).fill(null),
    p95_ms: Array(length).fill(null),
  }
  for (const row of rows) {
    const i = (row.start * 1_000 - startMs) / stepMs
    if (i >= length) continue
    series.views[i] = row.views
    series.users[i] = row.users
    series.bounces[i] = row.bounces
    series.avg_ms[i] = row.views === 0 ? null : row.avg_ms
    series.p95_ms[i] = row.views === 0 ? null : row.p95_ms
  }
  return series
}

/** Views in the last complete windows of a time, divided by that time in seconds; null when there is no such time yet. */
export function viewsPerSecond({ views, complete, step_ms }: Series, lastMs: number): number | null {
  const windows = Math.min(complete, Math.ceil(lastMs / step_ms))
  if (windows === 0) return null
  const sum = views.slice(complete - windows, complete).reduce((a, b) => a + b, 0)
  return sum / ((windows * step_ms) / 1_000)
}
