import type { Database } from '../store/database.ts'
import { AUDIT_SETTINGS, ROWS_AT_ONCE } from './limits.ts'
import type { TimeRange } from './range.ts'

const HOUR_MS = 3_600_000

/**
 * Cuts a range into pieces of whole hours with a bounded number of raw rows each. Together they cover the range without a gap, so a
 * window that one side has and the other has not is in one of them.
 */
export async function piecesOf(db: Database, { fromMs, untilMs }: TimeRange): Promise<TimeRange[]> {
  const rows = await db.query<{ hour: number; events: number }>(
    `SELECT toUnixTimestamp(hour) AS hour, max(n) AS events FROM (
       SELECT toStartOfHour(slice) AS hour, count() AS n FROM page_views_raw
       WHERE slice >= {from:UInt32} AND slice < {until:UInt32} GROUP BY hour
       UNION ALL
       SELECT window_start AS hour, sum(view_count) AS n FROM page_views_breakdown_hour FINAL
       WHERE dimension = 'all' AND window_start >= {from:UInt32} AND window_start < {until:UInt32} GROUP BY hour)
     GROUP BY hour ORDER BY hour`,
    { params: { from: fromMs / 1_000, until: untilMs / 1_000 }, settings: AUDIT_SETTINGS },
  )
  const cuts: number[] = []
  let sum = 0
  for (const { hour, events } of rows) {
    if (sum > 0 && sum + events > ROWS_AT_ONCE) {
      cuts.push(hour * 1_000)
      sum = 0
    }
    sum += events
  }
  // The last hour of the data is cut off from the future, and the first from the past: the ledger is asked for them alone.
  const last = rows.at(-1)
  if (last && (last.hour + 1) * 1_000 + HOUR_MS < untilMs) cuts.push(last.hour * 1_000 + HOUR_MS)
  const edges = [fromMs, ...cuts.filter((cut) => cut > fromMs && cut < untilMs), untilMs]
  return edges.slice(1).map((until, i) => ({ fromMs: edges[i]!, untilMs: until }))
}
