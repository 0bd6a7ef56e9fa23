import { chunksOf } from '../rollup/chunks.ts'
import { LEVELS, type Level } from '../rollup/levels.ts'
import { countRows, recompute } from '../rollup/statements.ts'
import { Versions } from '../rollup/version.ts'
import { AGGREGATE_TABLES } from '../store/aggregate-tables.ts'
import type { Database } from '../store/database.ts'
import { onCluster, rowsTable } from '../store/ddl.ts'
import { commandEverywhere } from '../store/everywhere.ts'
import { type Comparable, inGap } from './range.ts'
import type { Differences, RepairReport } from './report.ts'

const LEVEL_NAMES = ['slice', 'minute', 'hour'] as const
const LIMITS = { rows: 1_000_000, windows: 1_000, days: 90 }
const MINUTE_MS = 60_000
const REFUSED_NAMED = 100

export interface RepairOptions {
  readonly db: Database
  readonly comparable: Comparable
  readonly differences: Differences
  readonly dryRun: boolean
  readonly progress: (what: string) => void
}

/**
 * Computes the aggregates of windows that differ again from raw, by the statements of the roll-up, and forgets days that are not the sum of
 * their hours. Nothing else is written: not raw, not
 * errors, not the ledger, not positions. It may run while everything runs, since of two computations the later one wins, as between
 * two roll-ups.
 *
 * Left as they are: windows whose raw rows have expired or may have, and windows in which raw itself lacks events of the ledger, as
 * computing them would make the loss final.
 */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const { db, differences, dryRun } = options
  const windows = { slice: 0, minute: 0, hour: 0 }
  const refused: { where: string; why: string }[] = []
  const versions = new Versions(db)
  for (const level of LEVEL_NAMES) {
    const allowed: number[] = []
    for (const start of [...differences.windows[level]].sort((a, b) => a - b)) {
      const why = refusal(options, level, start)
      if (why === null) allowed.push(start)
      else if (refused.length < REFUSED_NAMED) refused.push({ where: `${level} ${isoOf(start)}`, why })
    }
    windows[level] = allowed.length
    if (dryRun || allowed.length === 0) continue
    await recomputeWindows(options, versions, level, allowed)
  }
  const days = [...differences.days]
  if (!dryRun) await forgetDays(db, days)
  return { dry_run: dryRun, windows, days: days.length, refused }
}

/** Their hours are read then, until the consumer builds them again. */
async function forgetDays(db: Database, days: readonly number[]): Promise<void> {
  if (days.length === 0) return
  const table = `${rowsTable('page_views_days', db.place)}${onCluster(db.place)}`
  await commandEverywhere(
    db,
    `DELETE FROM ${table} WHERE day IN (${days.map((ms) => ms / 1_000).join(', ')})`,
  )
}

function refusal({ comparable, differences }: RepairOptions, level: Level, start: number): string | null {
  const end = start + LEVELS[level]
  if (start < comparable.rawFromMs) return 'its raw rows have expired or soon will'
  if (inGap(comparable.retention.raw, start, end)) {
    return 'its raw rows may have expired before the time to keep them was made longer'
  }
  for (const minute of differences.rawLess) {
    if (minute < end && minute + MINUTE_MS > start) {
      return 'raw has fewer events there than the ledger: mend raw first, or the loss becomes final'
    }
  }
  return null
}

async function recomputeWindows(
  { db, progress }: RepairOptions,
  versions: Versions,
  level: Level,
  starts: readonly number[],
): Promise<void> {
  const counts = await db.query<{ start: number; rows: number }>(countRows(level, 'raw', starts))
  const rowsOf = new Map(counts.map(({ start, rows }) => [start * 1_000, rows]))
  let done = 0
  for (const chunk of chunksOf(starts, rowsOf, LIMITS)) {
    progress(`repairing ${level}s: ${done} of ${starts.length}`)
    const version = await versions.next()
    // A row with a version from the future would win against this computation, and against every one after it.
    await removeRows(db, level, chunk.starts, `version > ${version}`)
    for (const { sql, settings = {} } of recompute(
      level,
      'raw',
      chunk.starts,
      version,
      chunk.rows,
      db.place,
    )) {
      await db.command(sql, { settings })
    }
    // Rows of keys that raw does not have are replaced by nothing.
    await removeRows(db, level, chunk.starts, `version < ${version}`)
    done += chunk.starts.length
  }
}

async function removeRows(
  db: Database,
  level: Level,
  starts: readonly number[],
  which: string,
): Promise<void> {
  const windows = starts.map((start) => start / 1_000).join(', ')
  for (const table of Object.values(AGGREGATE_TABLES[level])) {
    const where = `window_start IN (${windows}) AND ${which}`
    const [found] = await db.query<{ rows: number }>(`SELECT count() AS rows FROM ${table} WHERE ${where}`)
    if ((found?.rows ?? 0) === 0) continue
    await commandEverywhere(
      db,
      `DELETE FROM ${rowsTable(table, db.place)}${onCluster(db.place)} WHERE ${where}`,
    )
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
