import { LEVELS, type Level, sliceStart, windowStart } from '../../src/rollup/levels.ts'
import { AGGREGATE_TABLES } from '../../src/store/aggregate-tables.ts'
import type { Database } from '../../src/store/database.ts'
import type { PageViewRow } from '../helpers/page-view-rows.ts'

/** What one window and key counts to. */
export interface Counted {
  views: number
  duration: number
  bounces: number
  users: number
  durations: number[]
}

/** Keyed by window and by page, or by dimension and value. */
export type Counts = Map<string, Counted>

/**
 * The aggregates of a level, counted here: each event once in its slice, of two payloads under one event_id the one
 * that comes first by page and payload hash.
 *
 * @param hashOf the payload hashes as ClickHouse computes them, by the row's position in the log
 */
export function expected(
  level: Level,
  rows: readonly PageViewRow[],
  hashOf: ReadonlyMap<number, bigint>,
): { pages: Counts; breakdowns: Counts } {
  const events = new Map<string, PageViewRow>()
  for (const row of rows) {
    const id = `${sliceStart(row.view.timestampMs)} ${row.eventId}`
    const other = events.get(id)
    if (other === undefined || comesBefore(row, other, hashOf)) events.set(id, row)
  }
  const pages = new Tally()
  const breakdowns = new Tally()
  for (const { view } of events.values()) {
    const window = windowStart(level, view.timestampMs)
    pages.add(`${window} ${view.pageId}`, view)
    breakdowns.add(`${window} all=`, view)
    breakdowns.add(`${window} region=${view.region}`, view)
  }
  return { pages: pages.counts(), breakdowns: breakdowns.counts() }
}

function comesBefore(a: PageViewRow, b: PageViewRow, hashOf: ReadonlyMap<number, bigint>): boolean {
  const order = Buffer.compare(Buffer.from(a.view.pageId), Buffer.from(b.view.pageId))
  return order < 0 || (order === 0 && hashOf.get(a.offset)! < hashOf.get(b.offset)!)
}

class Tally {
  readonly #groups = new Map<string, { durations: number[]; bounces: number; users: Set<string> }>()

  add(key: string, view: PageViewRow['view']): void {
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { durations: [], bounces: 0, users: new Set() }
      this.#groups.set(key, group)
    }
    group.durations.push(view.durationMs)
    group.bounces += view.isBounce ? 1 : 0
    group.users.add(view.userId)
  }

  counts(): Counts {
    return new Map(
      [...this.#groups]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { durations, bounces, users }]) => [
          key,
          {
            views: durations.length,
            duration: durations.reduce((a, b) => a + b, 0),
            bounces,
            users: users.size,
            durations: durations.sort((a, b) => a - b),
          },
        ]),
    )
  }
}

/** What the tables of a level hold. */
export async function found(
  db: Database,
  level: Level,
): Promise<{ pages: FoundCounts; breakdowns: FoundCounts }> {
  const read = async (table: string, key: string): Promise<FoundCounts> => {
    const rows = await db.query<{ key: string } & Found>(
      `SELECT concat(toString(toUnixTimestamp(window_start) * 1000), ' ', ${key}) AS key, view_count AS views,
         total_duration AS duration, bounce_count AS bounces, finalizeAggregation(unique_users) AS users,
         finalizeAggregation(durations)[1] AS p50, finalizeAggregation(durations)[2] AS p95
       FROM ${table} FINAL WHERE view_count > 0`,
    )
    return new Map(rows.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ key, ...counts }) => [key, counts]))
  }
  return {
    pages: await read(AGGREGATE_TABLES[level].pages, 'page_id'),
    breakdowns: await read(AGGREGATE_TABLES[level].breakdowns, "concat(dimension, '=', value)"),
  }
}

export interface Found {
  views: number
  duration: number
  bounces: number
  users: number
  p50: number
  p95: number
}

export type FoundCounts = Map<string, Found>

/** The payload hashes that ClickHouse computed, by offset. */
export async function payloadHashes(db: Database): Promise<Map<number, bigint>> {
  const rows = await db.query<{ offset: number; hash: string }>(
    'SELECT kafka_offset AS offset, toString(payload_hash) AS hash FROM page_views_raw',
  )
  return new Map(rows.map(({ offset, hash }) => [offset, BigInt(hash)]))
}

export const LEVEL_LIST = Object.keys(LEVELS) as Level[]
