import { publish } from '../observe/events.ts'
import type { Database } from '../store/database.ts'
import { Marker } from '../store/marks.ts'
import type { Retention } from '../store/retention.ts'
import { type Chunk, type ChunkLimits, chunksOf } from './chunks.ts'
import { LEVELS, type Level } from './levels.ts'
import { isComputed, type Source, sourceOf, windowAbove } from './source.ts'
import { countRows, recompute, type Statement } from './statements.ts'
import { Versions } from './version.ts'
import { readStale, type Stale, type WindowRow, withMarks, writeWindows } from './windows.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Windows of one level were brought up to date. */
    'rollup:ran': { level: Level; windows: number; ms: number }
    /** Changes came to windows whose rows have expired; what was computed before stands. */
    'rollup:abandoned': { level: Level; windows: number }
  }
}

export const LEVEL_NAMES = Object.keys(LEVELS) as readonly Level[]

/** What one statement takes on. Rows of aggregates carry states, which weigh far more than an event. */
const LIMITS: Readonly<Record<'events' | 'states', ChunkLimits>> = {
  events: { rows: 1_000_000, windows: 5_000, days: 90 },
  states: { rows: 200_000, windows: 5_000, days: 90 },
}

/** While one statement writes, which is the work of one thread, another one reads. The memory of a minute or an hour is enough for one alone. */
const CHUNKS_AT_ONCE: Readonly<Record<Level, number>> = { slice: 2, minute: 1, hour: 1 }

export interface RollUpOptions {
  readonly db: Database
  readonly retention: Retention
  /** Milliseconds since the epoch; Date.now by default. It only decides what windows are computed from. */
  readonly now?: () => number
  /** Milliseconds that only rise, to measure with; performance.now by default. */
  readonly monotonic?: () => number
}

/** Slices that change again and again, to be left for a later run. */
export interface Restless {
  /** Those that were marked within this time before the run, in milliseconds. */
  readonly changedWithinMs: number
  /** But not those that have been stale for longer than this, in milliseconds. */
  readonly forAtMostMs: number
}

const NONE_RESTLESS: Restless = { changedWithinMs: 0, forAtMostMs: 0 }

export interface RollUpRun {
  /** What is stale now that it has run. */
  readonly left: Stale
  /** How long each level took, in milliseconds; levels of which nothing was stale are left out. */
  readonly tookMs: Partial<Record<Level, number>>
  /** How many events the slices have that were computed, about; 0 when there were none. */
  readonly eventsRead: number
}

/**
 * Brings the aggregates up to date: reads which windows are stale, computes each of them anew from a level below, marks the
 * window above it, and settles what it had read. A mark that came meanwhile stays unsettled. Any step may be repeated or
 * cut short, and any number of processes may do it at the same time: the later computation of a window wins.
 *
 * Throws MillraceError when the store does not answer or refuses; what was not settled is stale still.
 */
export class RollUp {
  readonly #db: Database
  readonly #retention: Retention
  readonly #now: () => number
  readonly #monotonic: () => number
  readonly #versions: Versions
  readonly #marker = new Marker()
  /** How many rows of raw the windows had that were computed from it last. */
  #rowsLately = 0

  constructor(options: RollUpOptions) {
    this.#db = options.db
    this.#retention = options.retention
    this.#now = options.now ?? Date.now
    this.#monotonic = options.monotonic ?? (() => performance.now())
    this.#versions = new Versions(options.db)
  }

  /**
   * One pass over the levels, finest first.
   *
   * @param isDue asked when a level's turn comes; one that is not keeps its stale windows for another run
   */
  async run(
    isDue: (level: Level) => boolean = () => true,
    restless: Restless = NONE_RESTLESS,
  ): Promise<RollUpRun> {
    let stale = await readStale(this.#db)
    let isRead = true
    const tookMs: Partial<Record<Level, number>> = {}
    let eventsRead = 0
    for (const level of LEVEL_NAMES) {
      if (stale.levels[level].windows === 0 || !isDue(level)) continue
      const began = this.#monotonic()
      const windows = windowsOf(stale, level, level === 'slice' ? restless : NONE_RESTLESS)
      if (windows.size > 0) {
        const { marks, events } = await this.#bringUpToDate(level, stale, windows)
        if (level === 'slice') eventsRead = events
        // The next level needs nobody's marks but ours, and to read them all takes a tenth of the time that a run takes.
        const known =
          windows.size === stale.levels[level].windows ? withMarks(stale, level, marks) : undefined
        stale = known ?? (await readStale(this.#db))
        isRead = known === undefined
      }
      const ms = this.#monotonic() - began
      tookMs[level] = ms
      if (windows.size > 0) publish('rollup:ran', { level, windows: windows.size, ms })
    }
    return { left: isRead ? stale : await readStale(this.#db), tookMs, eventsRead }
  }

  /** Runs until nothing is stale that was written before the call. */
  async runToEnd(): Promise<void> {
    const { asOfMs } = await readStale(this.#db)
    for (;;) {
      const { left } = await this.run()
      if (freshAsOf('hour', left) >= asOfMs) return
    }
  }

  /**
   * @param windows some of those that are stale, by their starts
   * @returns the marks of the windows above them, and how many rows of raw were read for it
   */
  async #bringUpToDate(
    level: Level,
    stale: Stale,
    windows: ReadonlyMap<number, readonly WindowRow[]>,
  ): Promise<{ marks: readonly WindowRow[]; events: number }> {
    const marks: WindowRow[] = []
    let events = 0
    const plan = this.#plan(level, [...windows.keys()])
    const version = await this.#versions.next()
    for (const [what, starts] of plan) {
      const settle = async (some: readonly number[]): Promise<void> => {
        const rows = some.flatMap((start) => windows.get(start)!)
        marks.push(...(await this.#settle(level, rows, stale, what !== 'abandon')))
      }
      if (what === 'abandon') publish('rollup:abandoned', { level, windows: starts.length })
      if (what === 'abandon' || what === 'pass on') {
        await settle(starts)
        continue
      }
      const computed = async (chunk: Chunk): Promise<void> => {
        const statements = recompute(level, what, chunk.starts, version, chunk.rows, this.#db.place)
        const rows = level === 'hour' ? await this.#inTurn(statements) : await this.#atOnce(statements)
        if (what === 'raw') {
          this.#rowsLately = rows
          events += rows
        }
        await settle(chunk.starts)
      }
      const chunks = await this.#chunks(level, what, starts)
      for (let i = 0; i < chunks.length; i += CHUNKS_AT_ONCE[level]) {
        await Promise.all(chunks.slice(i, i + CHUNKS_AT_ONCE[level]).map(computed))
      }
    }
    return { marks, events }
  }

  /** @returns how many rows of its source one of them read */
  async #atOnce(statements: readonly Statement[]): Promise<number> {
    const rows = await Promise.all(statements.map((statement) => this.#compute(statement)))
    return rows[0]!
  }

  async #inTurn(statements: readonly Statement[]): Promise<number> {
    let rows = 0
    for (const statement of statements) rows = await this.#compute(statement)
    return rows
  }

  async #compute({ sql, settings = {}, readings = 1 }: Statement): Promise<number> {
    return (await this.#db.compute(sql, { settings })) / readings
  }

  /** What to do with which windows: compute them from a source, leave them to the level above, or leave them as they are. */
  #plan(level: Level, starts: readonly number[]): Map<Source | 'pass on' | 'abandon', number[]> {
    const now = this.#now()
    return Map.groupBy(starts, (start) => {
      if (!isComputed(level, start, now, this.#retention)) return 'pass on'
      return sourceOf(level, start, now, this.#retention) ?? 'abandon'
    })
  }

  async #chunks(level: Level, source: Source, starts: readonly number[]): Promise<Chunk[]> {
    // Day in, day out it is the window that is open and the one before it. Asking costs as much as half of computing them, and how many rows
    // there were the last time is guess enough: a wrong one costs time and nothing else.
    if (starts.length <= 2) return [{ starts, rows: source === 'raw' ? this.#rowsLately : 0 }]
    const counts = await this.#db.query<{ start: number; rows: number }>(countRows(level, source, starts))
    const rowsOf = new Map(counts.map(({ start, rows }) => [start * 1_000, rows]))
    return chunksOf(starts, rowsOf, source === 'raw' ? LIMITS.events : LIMITS.states)
  }

  /** Records in one step that these marks have been seen and that the windows above have changed. @returns the marks of these */
  async #settle(
    level: Level,
    rows: readonly WindowRow[],
    stale: Stale,
    changed: boolean,
  ): Promise<readonly WindowRow[]> {
    // What changed before this moment had reached the level below, so it is in what was computed.
    const rolledAtMs = Math.min(stale.asOfMs, sinceBelow(level, stale))
    const settled = rows.map((row) => ({ ...row, rolled: row.marked, rolledAtMs }))
    const marks = changed ? this.#marksAbove(rows, stale.asOfMs) : []
    await writeWindows(this.#db, [...marks, ...settled])
    return marks
  }

  #marksAbove(rows: readonly WindowRow[], asOfMs: number): WindowRow[] {
    const now = this.#now()
    const marked = this.#marker.next()
    const above = new Map<string, WindowRow>()
    for (const row of rows) {
      const window = windowAbove(row, now, this.#retention)
      if (window === null) continue
      const name = `${window.level}${window.startMs}`
      const firstAtMs = Math.min(
        above.get(name)?.firstAtMs ?? asOfMs,
        Math.max(row.firstAtMs, row.rolledAtMs),
      )
      above.set(name, {
        ...window,
        writer: this.#marker.id,
        marked,
        rolled: 0,
        markedAtMs: asOfMs,
        firstAtMs,
        rolledAtMs: 0,
      })
    }
    return [...above.values()]
  }
}

/** The marks of a level's stale windows by the windows' starts, without restless windows. */
function windowsOf(
  { asOfMs, levels }: Stale,
  level: Level,
  { changedWithinMs, forAtMostMs }: Restless,
): Map<number, WindowRow[]> {
  const windows = Map.groupBy(levels[level].rows, ({ startMs }) => startMs)
  for (const [start, rows] of windows) {
    const changesStill = rows.some(({ markedAtMs }) => markedAtMs > asOfMs - changedWithinMs)
    const isNew = rows.every(
      ({ firstAtMs, rolledAtMs }) => Math.max(firstAtMs, rolledAtMs) > asOfMs - forAtMostMs,
    )
    if (changesStill && isNew) windows.delete(start)
  }
  return windows
}

/**
 * The time up to which everything written is in the aggregates of a level, in milliseconds since the epoch by the
 * server's clock.
 */
export function freshAsOf(level: Level, stale: Stale): number {
  return Math.min(stale.asOfMs, sinceBelow(level, stale), stale.levels[level].sinceMs)
}

/** When the first change came that has not passed all the levels below. */
function sinceBelow(level: Level, stale: Stale): number {
  const below = LEVEL_NAMES.slice(0, LEVEL_NAMES.indexOf(level))
  return below.reduce((since, name) => Math.min(since, stale.levels[name].sinceMs), Number.POSITIVE_INFINITY)
}
