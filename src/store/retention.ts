import type { Database } from './database.ts'
import { onCluster, rowsTable } from './ddl.ts'
import { commandEverywhere } from './everywhere.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** How long a table's rows are kept, and where some may be missing nevertheless. */
export interface TableRetention {
  /** Rows stay so long at least, by the time of their event or window, in milliseconds; Infinity for ever. */
  readonly keepMs: number
  /**
   * Times in which rows may have expired before the TTL was made longer; half-open, in milliseconds since the epoch.
   */
  readonly gaps: readonly { readonly fromMs: number; readonly untilMs: number }[]
}

/** What the roll-up may rely on. Hours are kept for ever. */
export interface Retention {
  readonly raw: TableRetention
  readonly slice: TableRetention
  readonly minute: TableRetention
}

export interface RetentionSettings {
  /** 0 keeps for ever. */
  readonly rawTtlDays: number
  /** 0 keeps for ever. */
  readonly minuteTtlDays: number
}

/** Slices serve the minute they lie in, and late events of the last hours. As in migrations/002_rollup.sql. */
const SLICE_KEEP_MS = 4 * HOUR_MS

/** The tables whose TTL is a setting: which setting, and the column that their rows age by. */
const TABLES = [
  { table: 'page_views_raw', column: 'event_time', days: 'rawTtlDays' },
  { table: 'processing_errors', column: 'error_time', days: 'rawTtlDays' },
  { table: 'page_views_agg_minute', column: 'window_start', days: 'minuteTtlDays' },
  { table: 'page_views_breakdown_minute', column: 'window_start', days: 'minuteTtlDays' },
] as const

/**
 * Gives the tables the TTLs of the settings, changing only those that differ. Called at the start by whoever rolls up.
 *
 * A TTL that is made longer does not bring back what has expired. Aggregates of that time still stand, and
 * would be overwritten with too small numbers if they were computed again from what is left; so the time in
 * which rows may be missing is recorded first, as a gap.
 */
export async function applyRetention(
  db: Database,
  settings: RetentionSettings,
  nowMs: number,
): Promise<Retention> {
  const current = await currentTtls(db)
  for (const { table, column, days } of TABLES) {
    const wanted = settings[days]
    const present = current.get(rowsTable(table, db.place)) ?? [0]
    if (present.every((one) => one === wanted)) continue
    const shortest = Math.min(...present.filter((one) => one !== 0))
    const longer = shortest !== Number.POSITIVE_INFINITY && (wanted === 0 || wanted > shortest)
    if (longer) await recordGap(db, table, nowMs - shortest * DAY_MS)
    const alter = `ALTER TABLE ${rowsTable(table, db.place)}${onCluster(db.place)}`
    const modify = (to: number): string => `${alter} MODIFY TTL toDateTime(${column}) + INTERVAL ${to} DAY`
    if (wanted !== 0) {
      await commandEverywhere(db, modify(wanted))
      continue
    }
    // An earlier change did not reach every server of a cluster; a TTL that is not there can't be removed.
    if (present.includes(0)) await commandEverywhere(db, modify(shortest))
    await commandEverywhere(db, `${alter} REMOVE TTL`)
  }
  return retentionFor(db, settings)
}

/** What may be relied on, without changing anything: of a table's TTL and the setting, the shorter. For audits. */
export async function readRetention(db: Database, settings: RetentionSettings): Promise<Retention> {
  const current = await currentTtls(db)
  const shorter = (table: string, days: number): number => {
    const finite = [...(current.get(rowsTable(table, db.place)) ?? []), days].filter((one) => one !== 0)
    return finite.length === 0 ? 0 : Math.min(...finite)
  }
  return retentionFor(db, {
    rawTtlDays: shorter('page_views_raw', settings.rawTtlDays),
    minuteTtlDays: shorter('page_views_agg_minute', settings.minuteTtlDays),
  })
}

async function retentionFor(db: Database, settings: RetentionSettings): Promise<Retention> {
  return {
    raw: await retentionOf(db, 'page_views_raw', settings.rawTtlDays),
    slice: { keepMs: SLICE_KEEP_MS, gaps: [] },
    minute: await retentionOf(db, 'page_views_agg_minute', settings.minuteTtlDays),
  }
}

/** The days of each table's TTL, on each server that has the table; 0 where it has none. */
async function currentTtls(db: Database): Promise<Map<string, number[]>> {
  const { database, cluster } = db.place
  const tables = cluster === null ? 'system.tables' : 'clusterAllReplicas({cluster:String}, system.tables)'
  const rows = await db.query<{ name: string; engine_full: string }>(
    `SELECT name, engine_full FROM ${tables} WHERE database = {database:String}`,
    { params: { database, ...(cluster === null ? {} : { cluster: cluster.name }) } },
  )
  const ttls = new Map<string, number[]>()
  for (const { name, engine_full } of rows) {
    const match = /\bTTL\b.*\btoIntervalDay\((\d+)\)/.exec(engine_full)
    ttls.set(name, [...(ttls.get(name) ?? []), Number(match?.[1] ?? 0)])
  }
  return ttls
}

/** Everything between the first window that ever had events and the end of what has been kept. */
async function recordGap(db: Database, table: string, keptSinceMs: number): Promise<void> {
  await db.command(
    `INSERT INTO retention_gaps (table_name, lost_from, lost_until)
     SELECT {table:String}, first_window, {until:UInt32}
     FROM (SELECT min(window_start) AS first_window, count() AS windows FROM page_views_breakdown_hour)
     WHERE windows > 0 AND first_window < {until:UInt32}`,
    { params: { table, until: Math.ceil(keptSinceMs / HOUR_MS) * 3_600 } },
  )
}

async function retentionOf(db: Database, table: string, days: number): Promise<TableRetention> {
  const gaps = await db.query<{ from_s: number; until_s: number }>(
    `SELECT toUnixTimestamp(lost_from) AS from_s, toUnixTimestamp(lost_until) AS until_s
     FROM retention_gaps FINAL WHERE table_name = {table:String} ORDER BY lost_from, lost_until`,
    { params: { table } },
  )
  return {
    keepMs: days === 0 ? Number.POSITIVE_INFINITY : days * DAY_MS,
    gaps: gaps.map(({ from_s, until_s }) => ({ fromMs: from_s * 1_000, untilMs: until_s * 1_000 })),
  }
}
