import { MEASURES as MEASURE_COLUMNS } from './aggregate-tables.ts'
import type { Database } from './database.ts'
import { isOneOf, type Spans, spansOf } from './spans.ts'

export type Resolution = 'minute' | 'hour'

export interface AggregatesQuery {
  /** Milliseconds since the epoch, half-open. */
  readonly fromMs: number
  readonly toMs: number
  /** Chosen by resolutionFor() when it is missing. */
  readonly resolution?: Resolution | undefined
  /** Only this page. Regions are not crossed with pages, so there are none in the answer then. */
  readonly pageId?: string | undefined
  /** How many pages at most. */
  readonly limit: number
}

/** The numbers of a group of page views; averages and percentiles in milliseconds, `bounce_rate` a fraction. All 0 when there are none. */
export interface Measures {
  view_count: number
  unique_users: number
  bounce_count: number
  bounce_rate: number
  avg_duration_ms: number
  p50_duration_ms: number
  p95_duration_ms: number
}

/** The answer of `GET /query/aggregates`, as it travels. */
export interface AggregatesAnswer {
  /** The windows' bounds that were really answered, ISO 8601. */
  from: string
  to: string
  resolution: Resolution
  fresh_as_of: string
  totals: Measures
  pages_total: number
  pages: ({ page_id: string } & Measures)[]
  regions: { region: string; view_count: number; unique_users: number }[]
  series: { window_start: string; view_count: number; unique_users: number; bounce_count: number }[]
}

/** What the answer depends on besides the query. */
export interface AggregatesContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** How long minutes are kept, in milliseconds; Infinity for ever. */
  readonly minutesKeptMs: number
  /** How fresh each resolution is, as the roll-up said before the query; milliseconds since the epoch. */
  readonly freshAsOfMs: Readonly<Record<Resolution, number>>
}

const WINDOW_MS = { minute: 60_000, hour: 3_600_000 } as const

/** Spans up to this are answered by the minute. */
const LONGEST_BY_MINUTE_MS = 6 * 3_600_000

/** An average of nothing is 0, and so is a percentile. */
const MEASURES = `
  sum(t.view_count) AS view_count,
  uniqMerge(t.unique_users) AS unique_users,
  sum(t.bounce_count) AS bounce_count,
  if(view_count = 0, 0, bounce_count / view_count) AS bounce_rate,
  if(view_count = 0, 0, sum(t.total_duration) / view_count) AS avg_duration_ms,
  quantilesDDMerge(0.01, 0.5, 0.95)(t.durations) AS quantiles,
  ifNotFinite(quantiles[1], 0) AS p50_duration_ms,
  ifNotFinite(quantiles[2], 0) AS p95_duration_ms`
const MEASURE_NAMES = `view_count, unique_users, bounce_count, bounce_rate, avg_duration_ms, p50_duration_ms, p95_duration_ms`

/**
 * Answers `GET /query/aggregates`: totals, the most viewed pages, regions, and one point for each window that had views.
 *
 * Answered are the windows that start in the range, the open one included; so ranges that follow each other never
 * count a view twice. `from` and `to` of the answer are the bounds of these windows.
 *
 * How fresh the aggregates are is asked before the call, then which days have been merged out of their present hours, and then the data: an
 * hour that changes in between may be in the answer or not, and what was in the hours when it was asked is in these days.
 *
 * @throws MillraceError as every request to the store
 */
export async function queryAggregates(
  db: Database,
  query: AggregatesQuery,
  context: AggregatesContext,
): Promise<AggregatesAnswer> {
  const { resolution, fromMs, toMs } = windowsOf(query, context)
  const spans = await spansOf(db, resolution, { fromMs, toMs })
  const ofPage = query.pageId === undefined ? '1' : 't.page_id = {page:String}'
  const params = { limit: query.limit, ...(query.pageId === undefined ? {} : { page: query.pageId }) }

  const [[totals], series, [pagesTotal], shown, regions] = await Promise.all([
    db.query<Measures>(
      `SELECT ${MEASURE_NAMES} FROM (SELECT ${MEASURES} FROM ${
        query.pageId === undefined
          ? spans.of('breakdowns', MEASURE_COLUMNS, "t.dimension = 'all'")
          : spans.of('pages', MEASURE_COLUMNS, ofPage)
      })`,
      { params },
    ),
    db.query<AggregatesAnswer['series'][number] & { start: number }>(
      `SELECT toUnixTimestamp(t.window_start) AS start, t.view_count AS view_count, t.users AS unique_users, t.bounce_count AS bounce_count
       FROM ${query.pageId === undefined ? spans.windows('breakdowns', "t.dimension = 'all'") : spans.windows('pages', ofPage)}
       ORDER BY start`,
      { params },
    ),
    db.query<{ n: number }>(`SELECT uniqExact(t.page_id) AS n FROM ${spans.of('pages', 'page_id', ofPage)}`, {
      params,
    }),
    db.query<{ page_id: string } & Measures>(topPages(db, spans, ofPage), { params }),
    query.pageId === undefined ? db.query<AggregatesAnswer['regions'][number]>(topRegions(spans)) : [],
  ])
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    resolution,
    fresh_as_of: new Date(context.freshAsOfMs[resolution]).toISOString(),
    totals: totals!,
    pages_total: pagesTotal!.n,
    pages: shown,
    regions,
    series: series.map(({ start, view_count, unique_users, bounce_count }) => ({
      window_start: new Date(start * 1_000).toISOString(),
      view_count,
      unique_users,
      bounce_count,
    })),
  }
}

/** The windows that a query is answered with: how long they are, and their bounds in milliseconds since the epoch, half-open. */
export function windowsOf(
  query: AggregatesQuery,
  { nowMs, minutesKeptMs }: AggregatesContext,
): { readonly resolution: Resolution; readonly fromMs: number; readonly toMs: number } {
  const resolution = query.resolution ?? resolutionFor(query.fromMs, query.toMs, nowMs, minutesKeptMs)
  const length = WINDOW_MS[resolution]
  const fromMs = Math.ceil(query.fromMs / length) * length
  return { resolution, fromMs, toMs: Math.max(fromMs, Math.ceil(query.toMs / length) * length) }
}

/** Minutes for a short span that minutes are kept for, else hours. */
export function resolutionFor(
  fromMs: number,
  toMs: number,
  nowMs: number,
  minutesKeptMs: number,
): Resolution {
  const short = toMs - fromMs <= LONGEST_BY_MINUTE_MS
  return short && nowMs - fromMs < minutesKeptMs ? 'minute' : 'hour'
}

/** Which pages are shown is decided by counts; the states, which are expensive to merge, are read for these only. */
function topPages(db: Database, spans: Spans, ofPage: string): string {
  const most = `SELECT t.page_id AS one FROM ${spans.of('pages', 'page_id, view_count', ofPage)}
    GROUP BY t.page_id ORDER BY sum(t.view_count) DESC, t.page_id LIMIT {limit:UInt32}`
  return `SELECT page_id, ${MEASURE_NAMES} FROM (
      SELECT t.page_id AS page_id, ${MEASURES} FROM ${spans.of('pages', `page_id, ${MEASURE_COLUMNS}`, isOneOf(db, 't.page_id', most))}
      GROUP BY page_id)
    ORDER BY view_count DESC, page_id`
}

function topRegions(spans: Spans): string {
  return `SELECT t.value AS region, sum(t.view_count) AS view_count, uniqMerge(t.unique_users) AS unique_users
    FROM ${spans.of('breakdowns', 'value, view_count, unique_users', "t.dimension = 'region'")}
    GROUP BY region ORDER BY view_count DESC, region`
}
