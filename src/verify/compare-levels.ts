import type { Database } from '../store/database.ts'
import { aggregateSide, LEVEL_TABLES, type LevelTable, rawSide } from './levels.ts'
import type { Differences, LevelTotals } from './report.ts'

/** Numbers of one window and key, as one side tells them. */
interface Counts {
  readonly views: string
  readonly bounces: string
  readonly duration: string
}

export interface ComparedRange {
  /** Windows before this moment are left out: their raw rows may have expired. Milliseconds since the epoch; 0 for none. */
  readonly rawFromMs: number
  /** The same for minutes. */
  readonly minutesFromMs: number
  /** The same for slices. */
  readonly slicesFromMs: number
}

/** How many mismatching windows of a table are looked at again and named. */
const LOOKED_AT = 1_000

/**
 * Compares every level with raw, inside ClickHouse, so that only what differs travels.
 *
 * On a live system raw rows arrive while the comparison runs, and the aggregates follow a moment later. What differs is
 * therefore looked at once more: raw, then (when the roll-up has caught up) the aggregate, then raw. Counts only grow,
 * so an aggregate outside of the two raw readings is wrong, and one between them is on its way.
 *
 * @param rolledUp resolves when the roll-up has seen everything written until now
 */
export async function compareLevels(
  db: Database,
  events: string,
  range: ComparedRange,
  rolledUp: () => Promise<void>,
  differences: Differences,
): Promise<void> {
  for (const level of LEVEL_TABLES) {
    const mismatches = await mismatchesOf(db, level, events, range)
    if (mismatches.length === 0) continue
    const before = await readSide(db, rawSide(level, events, onlyRaw(level, mismatches)))
    await rolledUp()
    const aggregate = await readSide(db, aggregateSide(level, onlyWindows(mismatches)))
    const after = await readSide(db, rawSide(level, events, onlyRaw(level, mismatches)))
    for (const { window, key } of mismatches) {
      const name = `${window} ${key}`
      const low = before.get(name) ?? NOTHING
      const high = after.get(name) ?? NOTHING
      const found = aggregate.get(name) ?? NOTHING
      if (between(low, found, high)) continue
      differences.add({
        check: level.check,
        where: `${level.table}, window ${isoOf(window)}, ${level.keyIs} ${JSON.stringify(key)}`,
        expected: `${describe(low)} (raw)`,
        found: describe(found),
      })
    }
  }
}

/** The sums of each level by page, as it stands. */
export async function levelTotals(db: Database): Promise<LevelTotals[]> {
  const totals: LevelTotals[] = []
  for (const { check, table, keyIs } of LEVEL_TABLES) {
    if (keyIs !== 'page') continue
    const [row] = await db.query<Record<'views' | 'bounces' | 'duration', string>>(
      `SELECT sum(view_count) AS views, sum(bounce_count) AS bounces, sum(total_duration) AS duration
       FROM ${table} FINAL`,
    )
    totals.push({
      level: check,
      view_count: Number(row?.views ?? 0),
      bounce_count: Number(row?.bounces ?? 0),
      total_duration: Number(row?.duration ?? 0),
    })
  }
  return totals
}

const NOTHING: Counts = { views: '0', bounces: '0', duration: '0' }

async function mismatchesOf(
  db: Database,
  level: LevelTable,
  events: string,
  range: ComparedRange,
): Promise<{ window: string; key: string }[]> {
  const from = firstWindow(level, range)
  return db.query(
    `SELECT toUnixTimestamp(window) AS window, key
     FROM (${rawSide(level, events, `event_time >= fromUnixTimestamp64Milli(${from}, 'UTC')`)}) AS raw
     FULL OUTER JOIN (${aggregateSide(level, `window_start >= toDateTime(${Math.floor(from / 1_000)}, 'UTC')`)}) AS aggregate
     USING (window, key)
     WHERE (raw.views, raw.bounces, raw.duration) != (aggregate.views, aggregate.bounces, aggregate.duration)
     ORDER BY window, key
     LIMIT ${LOOKED_AT}`,
  )
}

/** The first window of a table whose rows, here and in raw, are certainly all still there. */
function firstWindow({ check, seconds }: LevelTable, range: ComparedRange): number {
  const from =
    check === 'hour'
      ? range.rawFromMs
      : Math.max(range.rawFromMs, check === 'minute' ? range.minutesFromMs : range.slicesFromMs)
  return Math.ceil(from / (seconds * 1_000)) * seconds * 1_000
}

async function readSide(db: Database, sql: string): Promise<Map<string, Counts>> {
  const rows = await db.query<Counts & { window: string; key: string }>(
    `SELECT toUnixTimestamp(window) AS window, key, toString(views) AS views, toString(bounces) AS bounces,
            toString(duration) AS duration FROM (${sql})`,
  )
  return new Map(rows.map((row) => [`${row.window} ${row.key}`, row]))
}

function windowsOf(mismatches: readonly { window: string }[]): string {
  return [...new Set(mismatches.map(({ window }) => Number(window)))].join(', ')
}

function onlyWindows(mismatches: readonly { window: string }[]): string {
  return `window_start IN (SELECT toDateTime(arrayJoin([${windowsOf(mismatches)}]), 'UTC'))`
}

function onlyRaw({ seconds }: LevelTable, mismatches: readonly { window: string }[]): string {
  return `toUnixTimestamp(toStartOfInterval(event_time, INTERVAL ${seconds} SECOND, 'UTC')) IN (${windowsOf(mismatches)})`
}

function between(low: Counts, found: Counts, high: Counts): boolean {
  return (['views', 'bounces', 'duration'] as const).every(
    (name) => BigInt(low[name]) <= BigInt(found[name]) && BigInt(found[name]) <= BigInt(high[name]),
  )
}

function describe({ views, bounces, duration }: Counts): string {
  return `${views} views, ${bounces} bounces, ${duration} ms`
}

function isoOf(unixSeconds: string): string {
  return new Date(Number(unixSeconds) * 1_000).toISOString().replace('.000Z', 'Z')
}
