import { MEASURES } from '../store/aggregate-tables.ts'
import type { Database, QueryOptions } from '../store/database.ts'
import { isOneOf, type Spans } from '../store/spans.ts'
import { aggregatesOf, type RangeName, spanOf } from './ranges.ts'

/** The numbers of a group of views; durations in milliseconds, `bounce_rate` a fraction. All 0 when there are none. */
export interface Totals {
  views: number
  users: number
  bounce_rate: number
  avg_ms: number
  p95_ms: number
}

/** The most viewed pages of a range, and what the whole range amounts to. */
export interface Top {
  range: RangeName
  totals: Totals
  /** Pages that were viewed, and those of them that the search finds. */
  pages_total: number
  pages_found: number
  /** The most viewed of those found. */
  pages: ({ page_id: string } & Totals)[]
  regions: { region: string; views: number; users: number }[]
}

export interface TopQuery {
  readonly range: RangeName
  /** Only pages that have this in their name, whatever its case; empty: all. */
  readonly search: string
  /** How many pages at most. */
  readonly limit: number
}

const TOTALS = `
  sum(t.view_count) AS views, uniqMerge(t.unique_users) AS users,
  if(views = 0, 0, sum(t.bounce_count) / views) AS bounce_rate,
  if(views = 0, 0, round(sum(t.total_duration) / views)) AS avg_ms,
  ifNotFinite(round(quantilesDDMerge(0.01, 0.5, 0.95)(t.durations)[2]), 0) AS p95_ms`

/** What a range amounts to. */
export async function readTotals(
  db: Database,
  range: RangeName,
  nowMs: number,
  signal?: AbortSignal,
): Promise<Totals> {
  const options = signal === undefined ? {} : { signal }
  return totalsOf(db, await aggregatesOf(db, spanOf(range, nowMs), options), options)
}

async function totalsOf(db: Database, spans: Spans, options: QueryOptions = {}): Promise<Totals> {
  const [totals] = await db.query<Totals>(
    `SELECT ${TOTALS} FROM ${spans.of('breakdowns', MEASURES, "t.dimension = 'all'")}`,
    options,
  )
  return totals!
}

/** @param nowMs where the range ends, in milliseconds since the epoch */
export async function readTop(db: Database, query: TopQuery, nowMs: number): Promise<Top> {
  const { range, search, limit } = query
  const spans = await aggregatesOf(db, spanOf(range, nowMs))
  const params = { search, limit }
  const isFound = 'positionCaseInsensitiveUTF8(t.page_id, {search:String}) > 0'
  const most = `SELECT t.page_id AS one FROM ${spans.of('pages', 'page_id, view_count', isFound)}
    GROUP BY t.page_id ORDER BY sum(t.view_count) DESC, t.page_id LIMIT {limit:UInt32}`
  const [totals, [counts], shown, regions] = await Promise.all([
    totalsOf(db, spans),
    db.query<{ total: number; found: number }>(
      `SELECT uniqExact(t.page_id) AS total,
         uniqExactIf(t.page_id, ${isFound}) AS found
       FROM ${spans.of('pages', 'page_id', '1')}`,
      { params },
    ),
    // Counts decide which pages are shown; states, which are expensive to merge, are read for these only.
    db.query<Top['pages'][number]>(
      `SELECT t.page_id AS page_id, ${TOTALS} FROM ${spans.of('pages', `page_id, ${MEASURES}`, isOneOf(db, 't.page_id', most))}
       GROUP BY page_id ORDER BY views DESC, page_id`,
      { params },
    ),
    db.query<Top['regions'][number]>(
      `SELECT t.value AS region, sum(t.view_count) AS views, uniqMerge(t.unique_users) AS users
       FROM ${spans.of('breakdowns', `value, ${MEASURES}`, "t.dimension = 'region'")}
       GROUP BY region ORDER BY views DESC, region LIMIT 50`,
    ),
  ])
  return { range, totals, pages_total: counts!.total, pages_found: counts!.found, pages: shown, regions }
}
