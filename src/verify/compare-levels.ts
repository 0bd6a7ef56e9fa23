import type { Database } from '../store/database.ts'
import type { Cut } from './cut.ts'
import { aggregateSide, LEVEL_TABLES, type LevelTable, rawEvents, rawSide } from './levels.ts'
import { AUDIT_SETTINGS, KEYS_NAMED, WINDOWS_AT_ONCE } from './limits.ts'
import { type Comparable, inGap, type TimeRange } from './range.ts'
import type { Differences, LevelTotals } from './report.ts'
import type { StaleWindows } from './stale-windows.ts'

export interface LevelsAudit {
  readonly db: Database
  /** Whether raw has keys with more than one payload. */
  readonly conflicts: boolean
  readonly comparable: Comparable
  /** What is finished with now. */
  readonly cut: () => Promise<Cut>
  /** Waits until the roll-up has seen what is marked now, and says what it has not seen even so. */
  readonly rolledUp: () => Promise<StaleWindows>
  readonly differences: Differences
}

/** Windows of one table that differ, with some of the keys that do, and how many do. */
interface Suspect {
  readonly window: number
  readonly keys: readonly string[]
  readonly keys_total: number
}

/** Numbers of one window and key, as one side tells them. They come as text: sums of durations may be large. */
interface Counts {
  readonly views: string
  readonly bounces: string
  readonly duration: string
}

const NOTHING: Counts = { views: '0', bounces: '0', duration: '0' }

/** What differs must do so three times. A conflict that arrives in between can make a sum smaller, and only once. */
const LOOKS = 3

/**
 * Compares every level with raw for one piece of time, inside ClickHouse: both sides are added up with opposite signs, and only the
 * windows in which something is left travel.
 *
 * On a live system raw rows arrive while the comparison runs, and the aggregates follow a moment later. What differs is
 * therefore looked at again: what the consumer has finished with is asked first, then the roll-up gets the time to see
 * all of it, then the aggregate is read, then raw. The aggregate must have what was finished with, and nothing that raw has not.
 *
 * @returns how many windows could not be compared because they are still waiting for the roll-up
 */
export async function compareLevels(audit: LevelsAudit, piece: TimeRange): Promise<number> {
  let inFlight = 0
  for (const level of LEVEL_TABLES) {
    const suspects = await suspectsOf(audit, level, piece)
    for (let i = 0; i < suspects.length; i += WINDOWS_AT_ONCE) {
      inFlight += await lookAgain(audit, level, suspects.slice(i, i + WINDOWS_AT_ONCE))
    }
  }
  return inFlight
}

/** The sums of each level by page, as it stands in the range. */
export async function levelTotals(db: Database, { fromMs, untilMs }: TimeRange): Promise<LevelTotals[]> {
  const totals: LevelTotals[] = []
  for (const { check, table, keyIs } of LEVEL_TABLES) {
    if (keyIs !== 'page') continue
    const [row] = await db.query<Record<'views' | 'bounces' | 'duration', string>>(
      `SELECT sum(view_count) AS views, sum(bounce_count) AS bounces, sum(total_duration) AS duration
       FROM ${table} FINAL WHERE window_start >= {from:UInt32} AND window_start < {until:UInt32}`,
      { params: { from: fromMs / 1_000, until: untilMs / 1_000 }, settings: AUDIT_SETTINGS },
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

async function suspectsOf(audit: LevelsAudit, level: LevelTable, piece: TimeRange): Promise<Suspect[]> {
  const from = Math.max(piece.fromMs, firstWindow(level, audit.comparable)) / 1_000
  const until = piece.untilMs / 1_000
  if (from >= until) return []
  const raw = rawEvents(audit.conflicts, `slice >= ${from} AND slice < ${until}`)
  const windows = await audit.db.query<Suspect>(
    `SELECT window, groupArray(${KEYS_NAMED})(key) AS keys, count() AS keys_total FROM (
       SELECT window, key FROM (
         SELECT window, key, toInt64(views) AS v, toInt64(bounces) AS b, toInt64(duration) AS d
         FROM (${rawSide(level, raw)})
         UNION ALL
         SELECT window, key, -toInt64(views) AS v, -toInt64(bounces) AS b, -toInt64(duration) AS d
         FROM (${aggregateSide(level, `window_start >= ${from} AND window_start < ${until}`)}))
       GROUP BY window, key HAVING sum(v) != 0 OR sum(b) != 0 OR sum(d) != 0)
     GROUP BY window ORDER BY window`,
    { settings: AUDIT_SETTINGS },
  )
  const { raw: kept } = audit.comparable.retention
  const complete = (start: number): boolean => !inGap(kept, start * 1_000, (start + level.seconds) * 1_000)
  return windows.filter(({ window }) => complete(window))
}

/** The first window of a table whose rows, here and in raw, are certainly all still there. */
function firstWindow({ check, seconds }: LevelTable, range: Comparable): number {
  const from =
    check === 'hour'
      ? range.rawFromMs
      : Math.max(range.rawFromMs, check === 'minute' ? range.minutesFromMs : range.slicesFromMs)
  return Math.ceil(from / (seconds * 1_000)) * seconds * 1_000
}

async function lookAgain(
  audit: LevelsAudit,
  level: LevelTable,
  suspects: readonly Suspect[],
): Promise<number> {
  let left = suspects
  let found: Found = { differing: [], inFlight: 0 }
  for (let look = 0; look < LOOKS && left.length > 0; look++) {
    found = await lookOnce(audit, level, left)
    const still = new Set(found.differing.map(({ window }) => window))
    left = left.filter(({ window }) => still.has(window))
    if (found.inFlight > 0 && left.length === 0) break
  }
  const listed = new Map(suspects.map((suspect) => [suspect.window, suspect]))
  for (const { window, key, low, high, aggregate } of found.differing) {
    audit.differences.add({
      check: level.check,
      where: `${level.table}, window ${isoOf(window)}, ${level.keyIs} ${JSON.stringify(key)}`,
      expected: `${describe(high)} (raw)`,
      found: describe(aggregate),
      cause: causeOf(low, aggregate, high),
      window: { level: level.check as 'slice' | 'minute' | 'hour', start_ms: window * 1_000 },
    })
  }
  for (const window of new Set(found.differing.map((each) => each.window))) {
    const suspect = listed.get(window)!
    audit.differences.addUnnamed(suspect.keys_total - suspect.keys.length)
  }
  return found.inFlight
}

interface Differing {
  readonly window: number
  readonly key: string
  readonly low: Counts
  readonly high: Counts
  readonly aggregate: Counts
}
interface Found {
  readonly differing: readonly Differing[]
  readonly inFlight: number
}

async function lookOnce(audit: LevelsAudit, level: LevelTable, suspects: readonly Suspect[]): Promise<Found> {
  const { db, comparable } = audit
  const cut = await audit.cut()
  const stale = await audit.rolledUp()
  const waiting = suspects.filter(({ window }) => stale.has(level, window))
  const settled = suspects.filter((suspect) => !waiting.includes(suspect))
  if (settled.length === 0) return { differing: [], inFlight: waiting.length }
  const windows = settled.map(({ window }) => window)
  const options = {
    params: { keys: [...new Set(settled.flatMap(({ keys }) => keys))] },
    settings: AUDIT_SETTINGS,
  }
  const aggregates = await db.query<Row>(
    `SELECT window, key, ${TEXT} FROM (${aggregateSide(level, `window_start IN (${windows.join(', ')})`)})
     WHERE key IN {keys:Array(String)}`,
    options,
  )
  const first = Math.min(...windows)
  const end = Math.max(...windows) + level.seconds
  const start = `intDiv(toUnixTimestamp(slice), ${level.seconds}) * ${level.seconds}`
  const events = rawEvents(
    true,
    `slice >= ${first} AND slice < ${end} AND ${start} IN (${windows.join(', ')})`,
  )
  const finished = cut.finished
  const also = `, countIf(${finished}) AS low_views, countIf(is_bounce AND ${finished}) AS low_bounces, sumIf(duration_ms, ${finished}) AS low_duration`
  const raws = await db.query<Row & Record<'low_views' | 'low_bounces' | 'low_duration', string>>(
    `SELECT window, key, ${TEXT}, toString(low_views) AS low_views, toString(low_bounces) AS low_bounces,
            toString(low_duration) AS low_duration
     FROM (${rawSide(level, events, also)}) WHERE key IN {keys:Array(String)}`,
    options,
  )
  // A day may have expired while the audit ran.
  const expired = firstWindow(level, comparable) / 1_000
  const nameOf = ({ window, key }: { window: number; key: string }): string => `${window} ${key}`
  const rawOf = new Map(raws.map((row) => [nameOf(row), row]))
  const aggregateOf = new Map(aggregates.map((row) => [nameOf(row), row]))
  const differing: Differing[] = []
  for (const { window, keys } of settled) {
    if (window < expired) continue
    for (const key of keys) {
      const raw = rawOf.get(nameOf({ window, key }))
      const low = raw
        ? { views: raw.low_views, bounces: raw.low_bounces, duration: raw.low_duration }
        : NOTHING
      const aggregate = aggregateOf.get(nameOf({ window, key })) ?? NOTHING
      const high = raw ?? NOTHING
      if (!between(low, aggregate, high)) differing.push({ window, key, low, high, aggregate })
    }
  }
  return { differing, inFlight: waiting.length }
}

type Row = Counts & { readonly window: number; readonly key: string }

const TEXT = 'toString(views) AS views, toString(bounces) AS bounces, toString(duration) AS duration'

function causeOf(
  low: Counts,
  { views }: Counts,
  high: Counts,
): 'aggregate_missing' | 'aggregate_less' | 'aggregate_more' {
  if (views === '0') return 'aggregate_missing'
  return BigInt(views) < BigInt(low.views) || BigInt(views) < BigInt(high.views)
    ? 'aggregate_less'
    : 'aggregate_more'
}

function between(low: Counts, found: Counts, high: Counts): boolean {
  return (['views', 'bounces', 'duration'] as const).every(
    (name) => BigInt(low[name]) <= BigInt(found[name]) && BigInt(found[name]) <= BigInt(high[name]),
  )
}

function describe({ views, bounces, duration }: Counts): string {
  return `${views} views, ${bounces} bounces, ${duration} ms`
}

function isoOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1_000).toISOString().replace('.000Z', 'Z')
}
