import type { Database } from '../store/database.ts'
import { AUDIT_SETTINGS } from './limits.ts'
import type { Comparable, TimeRange } from './range.ts'
import type { Differences, Unchecked } from './report.ts'

/**
 * Hours without their raw rows: they stand as they were computed, and nothing can say whether they are right. Where their minutes are
 * still there an hour is compared with the sum of these, page by page.
 */
export async function compareExpired(
  db: Database,
  range: TimeRange,
  comparable: Comparable,
  differences: Differences,
): Promise<Unchecked[]> {
  const unchecked: Unchecked[] = []
  const spans = [
    { what: 'raw_expired' as const, fromMs: 0, untilMs: comparable.rawFromMs },
    ...comparable.retention.raw.gaps.map((gap) => ({ what: 'raw_gap' as const, ...gap })),
  ]
  for (const { what, ...span } of spans) {
    const fromMs = Math.max(range.fromMs, span.fromMs)
    const untilMs = Math.min(range.untilMs, span.untilMs)
    if (fromMs >= untilMs) continue
    const [hours] = await db.query<{ windows: number; views: number; first: number; last: number }>(
      `SELECT count() AS windows, sum(view_count) AS views, toUnixTimestamp(min(window_start)) AS first, toUnixTimestamp(max(window_start)) AS last
       FROM page_views_breakdown_hour FINAL WHERE dimension = 'all' AND window_start >= {from:UInt32} AND window_start < {until:UInt32}`,
      { params: { from: fromMs / 1_000, until: untilMs / 1_000 }, settings: AUDIT_SETTINGS },
    )
    if (!hours || hours.windows === 0) continue
    unchecked.push({
      what,
      where: `${hours.windows} hours from ${isoOf(hours.first)} to ${isoOf(hours.last + 3_600)}, ${hours.views} views`,
      why:
        what === 'raw_expired'
          ? 'their raw rows have expired or soon will (MILLRACE_RAW_TTL_DAYS); the aggregates stand as they were computed'
          : 'their raw rows may have expired before the time to keep them was made longer; the aggregates stand as they were computed',
    })
    await compareMinutes(db, Math.max(fromMs, comparable.minutesFromMs), untilMs, comparable, differences)
  }
  return unchecked
}

async function compareMinutes(
  db: Database,
  fromMs: number,
  untilMs: number,
  { retention }: Comparable,
  differences: Differences,
): Promise<void> {
  if (fromMs >= untilMs) return
  const rows = await db.query<{ hour: number; pages: number; views: number; minutes: number }>(
    `SELECT hour, count() AS pages, sum(v) AS views, sum(m) AS minutes FROM (
       SELECT hour, page_id, sum(h) AS v, sum(n) AS m FROM (
         SELECT toUnixTimestamp(window_start) AS hour, page_id, view_count AS h, 0 AS n
         FROM page_views_agg_hour FINAL WHERE window_start >= {from:UInt32} AND window_start < {until:UInt32}
         UNION ALL
         SELECT toUnixTimestamp(toStartOfHour(window_start)) AS hour, page_id, 0 AS h, view_count AS n
         FROM page_views_agg_minute FINAL WHERE window_start >= {from:UInt32} AND window_start < {until:UInt32})
       GROUP BY hour, page_id HAVING v != m)
     GROUP BY hour ORDER BY hour`,
    { params: { from: fromMs / 1_000, until: untilMs / 1_000 }, settings: AUDIT_SETTINGS },
  )
  const lost = (start: number): boolean =>
    retention.minute.gaps.some((gap) => start * 1_000 < gap.untilMs && (start + 3_600) * 1_000 > gap.fromMs)
  for (const { hour, pages, views, minutes } of rows.filter((row) => !lost(row.hour))) {
    differences.add({
      check: 'minutes_of_hour',
      where: `page_views_agg_hour, window ${isoOf(hour)}, ${pages} pages`,
      expected: `${minutes} views (page_views_agg_minute)`,
      found: `${views} views`,
      cause: 'hour_not_minutes',
    })
  }
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
}
