import type { Database, QueryOptions } from './database.ts'

export const DAY_MS = 86_400_000

/** A day that has been built out of the hours as they are now. */
export interface BuiltDay {
  /** Milliseconds since the epoch. */
  readonly startMs: number
  /** Which of its rows count: a number of 64 bits, as text. */
  readonly building: string
}

/**
 * What the hours of each day are, as a number: it changes with every computation of one of them. Hours are computed with the breakdowns first
 * (recompute() in src/rollup/statements.ts), so as long as it is the same, no other row of the day's hours has changed.
 *
 * @param where a condition on window_start
 */
export function hoursOfDays(where: string): string {
  return `SELECT toStartOfDay(window_start) AS day, sum(cityHash64(window_start, v)) AS hours FROM (
      SELECT window_start, max(version) AS v FROM page_views_breakdown_hour
      WHERE dimension = 'all' AND ${where} GROUP BY window_start)
    GROUP BY day`
}

/** The days that lie wholly in a range and need not be read by the hour. Bounds in milliseconds since the epoch, half-open. */
export async function builtDays(
  db: Database,
  fromMs: number,
  toMs: number,
  options: QueryOptions = {},
): Promise<BuiltDay[]> {
  const from = Math.ceil(fromMs / DAY_MS) * DAY_MS
  const to = Math.floor(toMs / DAY_MS) * DAY_MS
  if (from >= to) return []
  const bounds = (column: string): string => `${column} >= ${from / 1_000} AND ${column} < ${to / 1_000}`
  const rows = await db.query<{ start: number; building: string }>(
    `SELECT toUnixTimestamp(b.day) AS start, toString(b.building) AS building
     FROM (SELECT day, building, hours FROM page_views_days FINAL WHERE ${bounds('day')}) AS b
     INNER JOIN (${hoursOfDays(bounds('window_start'))}) AS h ON b.day = h.day AND b.hours = h.hours
     ORDER BY start`,
    options,
  )
  return rows.map(({ start, building }) => ({ startMs: start * 1_000, building }))
}
