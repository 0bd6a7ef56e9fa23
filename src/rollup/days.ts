import { randomBytes } from 'node:crypto'
import { publish } from '../observe/events.ts'
import {
  AGGREGATE_TABLES,
  type AggregateKind,
  DAY_TABLES,
  KEYS,
  KINDS,
  MEASURES,
} from '../store/aggregate-tables.ts'
import type { Database } from '../store/database.ts'
import { DAY_MS, hoursOfDays } from '../store/days.ts'
import { onCluster, rowsTable } from '../store/ddl.ts'
import { commandEverywhere } from '../store/everywhere.ts'
import { OF_STATES, WHERE_IT_LIES } from './statements.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A day that is over was merged out of its hours. */
    'rollup:day-built': { startMs: number; ms: number }
  }
}

/** So long after its end a day is built: by then what came late by a little is in it. */
const SETTLED_AFTER_MS = 600_000

/** It is in no hurry, and many pages have large states. */
const GENTLY = { max_threads: 1, max_bytes_before_external_group_by: '250000000' }

export interface DaysOptions {
  readonly db: Database
  /** Milliseconds since the epoch; Date.now by default. */
  readonly now?: () => number
  /** Milliseconds that only rise; performance.now by default. */
  readonly monotonic?: () => number
}

/**
 * Merges the hours of each day that is over, for questions about long spans. Days decide nothing: a day is read only while its hours are
 * those it was made of (src/store/days.ts), and otherwise the hours are.
 */
export class Days {
  readonly #db: Database
  readonly #now: () => number
  readonly #monotonic: () => number

  constructor({ db, now = Date.now, monotonic = () => performance.now() }: DaysOptions) {
    this.#db = db
    this.#now = now
    this.#monotonic = monotonic
  }

  /**
   * Builds the latest day that is over and settled, and has not been built out of its present hours. Any number of processes may do it at the same time, and
   * any may be killed meanwhile: only a building that is whole is recorded.
   *
   * @returns whether there was one
   * @throws MillraceError when the store does not answer or refuses
   */
  async buildNext(): Promise<boolean> {
    const began = this.#monotonic()
    const next = await this.#next()
    if (next === undefined) return false
    const { start, hours } = next
    const building = randomBytes(8).readBigUInt64LE().toString()
    for (const kind of KINDS) await this.#merge(kind, start, building)
    const [after] = await this.#hours(`window_start >= ${start} AND window_start < ${start + DAY_SECONDS}`)
    if (after?.hours !== hours) return true
    await this.#db.command(
      `INSERT INTO page_views_days (day, building, hours) VALUES (${start}, ${building}, ${hours})`,
    )
    await this.#removeOthers(start, building)
    publish('rollup:day-built', { startMs: start * 1_000, ms: this.#monotonic() - began })
    return true
  }

  async #next(): Promise<{ start: number; hours: string } | undefined> {
    const until = Math.floor((this.#now() - SETTLED_AFTER_MS) / DAY_MS) * DAY_SECONDS
    const hours = await this.#hours(`window_start < ${until}`)
    // After the hours: one that is being computed has shown itself in them at most, and is stale until all of it is written.
    const unsettled = await this.#unsettled()
    const built = await this.#db.query<{ start: number; hours: string }>(
      'SELECT toUnixTimestamp(day) AS start, toString(hours) AS hours FROM page_views_days FINAL',
    )
    const known = new Map(built.map((day) => [day.start, day.hours]))
    return hours.find((day) => known.get(day.start) !== day.hours && !unsettled.has(day.start))
  }

  /** The latest day first. */
  #hours(where: string): Promise<{ start: number; hours: string }[]> {
    return this.#db.query(
      `SELECT toUnixTimestamp(day) AS start, toString(hours) AS hours FROM (${hoursOfDays(where)}) ORDER BY start DESC`,
    )
  }

  /** The starts of days with a window that somebody is computing, or is about to. */
  async #unsettled(): Promise<Set<number>> {
    const days = await this.#db.query<{ start: number }>(
      `SELECT DISTINCT toUnixTimestamp(toStartOfDay(window_start)) AS start FROM (
         SELECT window_start FROM rollup_windows
         GROUP BY level, window_start, writer HAVING max(marked) > max(rolled))`,
    )
    return new Set(days.map(({ start }) => start))
  }

  #merge(kind: AggregateKind, start: number, building: string): Promise<void> {
    const key = KEYS[kind]
    return this.#db.command(
      `INSERT INTO ${DAY_TABLES[kind]} (day, ${key}, ${MEASURES}, building)
       SELECT toDateTime(${start}, 'UTC') AS day, ${key}, ${OF_STATES}, ${building}
       FROM ${AGGREGATE_TABLES.hour[kind]} AS t FINAL
       WHERE t.window_start >= ${start} AND t.window_start < ${start + DAY_SECONDS}
       GROUP BY ${key}`,
      { settings: this.#db.place.cluster === null ? GENTLY : { ...GENTLY, ...WHERE_IT_LIES } },
    )
  }

  /** Buildings of the day that are of no use. One that has just begun may be another process's, and is left to the next time. */
  async #removeOthers(start: number, building: string): Promise<void> {
    const where = `day = ${start} AND building != ${building} AND built_at < now() - INTERVAL 1 HOUR`
    for (const kind of KINDS) {
      const into = DAY_TABLES[kind]
      const [found] = await this.#db.query<{ rows: number }>(
        `SELECT count() AS rows FROM ${into} WHERE ${where}`,
      )
      if (found!.rows === 0) continue
      const rows = `${rowsTable(into, this.#db.place)}${onCluster(this.#db.place)}`
      await commandEverywhere(this.#db, `DELETE FROM ${rows} WHERE ${where}`)
    }
  }
}

const DAY_SECONDS = DAY_MS / 1_000
