import { AGGREGATE_TABLES, type AggregateKind, DAY_TABLES, KEYS, KINDS } from '../store/aggregate-tables.ts'
import type { Database } from '../store/database.ts'
import { type BuiltDay, builtDays, DAY_MS } from '../store/days.ts'
import { AUDIT_SETTINGS } from './limits.ts'
import type { TimeRange } from './range.ts'
import type { Differences } from './report.ts'

/** Whether the days that are read in place of their hours say what these say. */
export async function compareDays(
  db: Database,
  { fromMs, untilMs }: TimeRange,
  differences: Differences,
  progress: (what: string) => void,
): Promise<void> {
  const days = await builtDays(db, fromMs, untilMs, { settings: AUDIT_SETTINGS })
  for (const [i, day] of days.entries()) {
    progress(`comparing days with their hours: ${i} of ${days.length}`)
    const differing = await differingOf(db, day)
    if (differing.length === 0) continue
    // Hours that were computed meanwhile make it another day, which is not read as it is.
    const [still] = await builtDays(db, day.startMs, day.startMs + DAY_MS, { settings: AUDIT_SETTINGS })
    if (still?.building !== day.building) continue
    for (const { kind, total, views } of differing) {
      differences.add({
        check: 'hours_of_day',
        where: `${DAY_TABLES[kind]}, day ${new Date(day.startMs).toISOString().slice(0, 10)}, ${total} ${kind}`,
        expected: `the sums of ${AGGREGATE_TABLES.hour[kind]}`,
        found: `${views} views more or less`,
        cause: 'day_not_hours',
      })
      differences.days.add(day.startMs)
    }
  }
}

interface Differing {
  readonly kind: AggregateKind
  readonly total: number
  readonly views: number
}

async function differingOf(db: Database, { startMs, building }: BuiltDay): Promise<Differing[]> {
  const start = startMs / 1_000
  const end = (startMs + DAY_MS) / 1_000
  const found: Differing[] = []
  for (const kind of KINDS) {
    const counts = (sign: '' | '-'): string =>
      `(${KEYS[kind]}) AS key, ${sign}toInt64(view_count) AS v, ${sign}toInt64(bounce_count) AS b, ${sign}toInt64(total_duration) AS d`
    const [row] = await db.query<{ total: number; views: number }>(
      `SELECT count() AS total, sum(abs(views)) AS views FROM (
         SELECT key, sum(v) AS views FROM (
           SELECT ${counts('')} FROM ${DAY_TABLES[kind]} WHERE day = ${start} AND building = ${building}
           UNION ALL
           SELECT ${counts('-')} FROM ${AGGREGATE_TABLES.hour[kind]} FINAL WHERE window_start >= ${start} AND window_start < ${end})
         GROUP BY key HAVING sum(v) != 0 OR sum(b) != 0 OR sum(d) != 0)`,
      { settings: AUDIT_SETTINGS },
    )
    if (row && row.total > 0) found.push({ kind, ...row })
  }
  return found
}
