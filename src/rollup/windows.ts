import type { Database } from '../store/database.ts'
import { LEVEL_NUMBERS, type Window } from '../store/marks.ts'
import { RowBinaryWriter } from '../store/row-binary.ts'
import type { Level } from './levels.ts'

/** A row of rollup_windows, whole; migrations/002_rollup.sql says what its columns mean. */
export interface WindowRow extends Window {
  readonly writer: bigint
  readonly marked: number
  readonly rolled: number
  readonly markedAtMs: number
  readonly firstAtMs: number
  readonly rolledAtMs: number
}

/** What was stale in one moment. */
export interface Stale {
  /** The moment, by the server's clock, in milliseconds since the epoch: every mark that was durable by then is in here. */
  readonly asOfMs: number
  readonly levels: Readonly<Record<Level, StaleLevel>>
}

export interface StaleLevel {
  /** How many windows are stale. */
  readonly windows: number
  /** When the first change came that is not in this level, or earlier; Infinity when nothing is stale. Milliseconds. */
  readonly sinceMs: number
  /** The stale windows' unsettled marks, newest windows first; of very many only the first. */
  readonly rows: readonly WindowRow[]
}

/** Marks that are read at once; the others come with the next reading. */
const ROWS_PER_READING = 20_000

type Tuple = [
  start: number,
  writer: string,
  marked: number,
  markedAt: number,
  firstAt: number,
  rolledAt: number,
]
type Answer = Record<'as_of', number> &
  Record<`${Level}_windows` | `${Level}_since`, number> &
  Record<`${Level}_rows`, Tuple[]>

/** Reads which windows have changes that the aggregates have not seen, whoever marked them. */
export async function readStale(db: Database): Promise<Stale> {
  const ofLevel = (level: Level): string => `
    uniqExactIf(window_start, level = '${level}') AS ${level}_windows,
    minIf(since, level = '${level}') AS ${level}_since,
    groupArrayIf(${ROWS_PER_READING})(
      (toUnixTimestamp(window_start), toString(writer), m, last_ms, first_ms, rolled_ms), level = '${level}') AS ${level}_rows`
  const [answer] = await db.query<Answer>(`
    SELECT toUnixTimestamp64Milli(now64(3)) AS as_of, ${ofLevel('slice')}, ${ofLevel('minute')}, ${ofLevel('hour')}
    FROM (
      SELECT level, window_start, writer, max(marked) AS m, max(rolled) AS r,
        toUnixTimestamp64Milli(max(marked_at)) AS last_ms, toUnixTimestamp64Milli(min(first_at)) AS first_ms,
        toUnixTimestamp64Milli(max(rolled_at)) AS rolled_ms, greatest(first_ms, rolled_ms) AS since
      FROM rollup_windows
      GROUP BY level, window_start, writer
      HAVING m > r
      ORDER BY window_start DESC
    )`)
  const stale = answer!
  const levelOf = (level: Level): StaleLevel => ({
    windows: stale[`${level}_windows`],
    sinceMs: stale[`${level}_windows`] === 0 ? Number.POSITIVE_INFINITY : stale[`${level}_since`],
    rows: stale[`${level}_rows`].map(([start, writer, marked, markedAtMs, firstAtMs, rolledAtMs]) => ({
      level,
      startMs: start * 1_000,
      writer: BigInt(writer),
      marked,
      rolled: 0,
      markedAtMs,
      firstAtMs,
      rolledAtMs,
    })),
  })
  return {
    asOfMs: stale.as_of,
    levels: { slice: levelOf('slice'), minute: levelOf('minute'), hour: levelOf('hour') },
  }
}

/**
 * What is stale after all windows of a level were settled, as far as we know of it: others may have marked windows since.
 *
 * @param marks of the windows above, which have been written
 * @returns undefined when not all marks were read, so that it cannot be told
 */
export function withMarks(stale: Stale, level: Level, marks: readonly WindowRow[]): Stale | undefined {
  if (Object.values(stale.levels).some(({ rows }) => rows.length >= ROWS_PER_READING)) return undefined
  const levels: Record<Level, StaleLevel> = { ...stale.levels, [level]: NOTHING_STALE }
  for (const [above, some] of Map.groupBy(marks, (row) => row.level)) {
    levels[above] = staleLevel([...levels[above].rows, ...some])
  }
  return { asOfMs: stale.asOfMs, levels }
}

const NOTHING_STALE: StaleLevel = { windows: 0, sinceMs: Number.POSITIVE_INFINITY, rows: [] }

/** Of several marks of one window by one writer the last one counts, with the time of the first. */
function staleLevel(marks: readonly WindowRow[]): StaleLevel {
  const rows = Array.from(
    Map.groupBy(marks, ({ startMs, writer }) => `${startMs} ${writer}`).values(),
    (same) => ({
      ...same.reduce((last, row) => (row.marked > last.marked ? row : last)),
      firstAtMs: Math.min(...same.map(({ firstAtMs }) => firstAtMs)),
      rolledAtMs: Math.max(...same.map(({ rolledAtMs }) => rolledAtMs)),
    }),
  )
  return {
    windows: new Set(rows.map(({ startMs }) => startMs)).size,
    sinceMs: rows.reduce(
      (since, { firstAtMs, rolledAtMs }) => Math.min(since, Math.max(firstAtMs, rolledAtMs)),
      Number.POSITIVE_INFINITY,
    ),
    rows,
  }
}

const COLUMNS = ['level', 'window_start', 'writer', 'marked', 'rolled', 'marked_at', 'first_at', 'rolled_at']

/**
 * Writes rows of rollup_windows in one block: all of them become visible at once. That windows are settled and that those
 * above them are stale is one step.
 */
export async function writeWindows(db: Database, rows: readonly WindowRow[]): Promise<void> {
  if (rows.length === 0) return
  const encoded = new RowBinaryWriter(rows.length * 56)
  for (const row of rows) {
    encoded.uint8(LEVEL_NUMBERS[row.level])
    encoded.uint32(row.startMs / 1_000)
    encoded.uint64(row.writer)
    encoded.int64(row.marked)
    encoded.int64(row.rolled)
    encoded.int64(row.markedAtMs)
    encoded.int64(row.firstAtMs)
    encoded.int64(row.rolledAtMs)
  }
  await db.insert('rollup_windows', COLUMNS, encoded.bytes)
}
