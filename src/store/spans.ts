import { AGGREGATE_TABLES, type AggregateKind, DAY_TABLES } from './aggregate-tables.ts'
import type { Database, QueryOptions } from './database.ts'
import { type BuiltDay, builtDays, DAY_MS } from './days.ts'

export type SpanLevel = keyof typeof AGGREGATE_TABLES

/** A piece of time, in milliseconds since the epoch, half-open. */
interface Piece {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * Where the aggregates of the windows that start in a range are to be read. Which days may be read is asked now: what is asked of them has to be
 * asked soon.
 *
 * @param fromMs bounds of windows, in milliseconds since the epoch, half-open
 */
export async function spansOf(
  db: Database,
  level: SpanLevel,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  options?: QueryOptions,
): Promise<Spans> {
  const days = level === 'hour' ? await builtDays(db, fromMs, toMs, options) : []
  return new Spans(level, fromMs, toMs, days)
}

/** Where the aggregates of a range are read: days that have been merged, and the windows of what lies between and around them. */
export class Spans {
  readonly #level: SpanLevel
  readonly #range: Piece
  readonly #days: readonly BuiltDay[]
  readonly #others: readonly Piece[]

  /** @param days that lie in the range, in their order */
  constructor(level: SpanLevel, fromMs: number, toMs: number, days: readonly BuiltDay[]) {
    this.#level = level
    this.#range = { fromMs, toMs }
    this.#days = days
    this.#others = between(this.#range, days)
  }

  /**
   * A source for FROM, by the name t, in which every window of the range is once, alone or as a part of its day.
   *
   * @param columns without an alias
   * @param where a condition on columns of t
   */
  of(kind: AggregateKind, columns: string, where: string): string {
    const sources = []
    if (this.#days.length > 0) {
      const days = this.#days.map(({ startMs, building }) => `(${startMs / 1_000}, ${building})`)
      sources.push(
        `SELECT ${columns} FROM ${DAY_TABLES[kind]} AS t WHERE ${where} AND t.view_count > 0 AND (t.day, t.building) IN (${days.join(', ')})`,
      )
    }
    if (this.#others.length > 0 || sources.length === 0) {
      sources.push(
        `SELECT ${columns} FROM ${this.#tableOf(kind)} AS t FINAL WHERE ${where} AND t.view_count > 0 AND (${within(this.#others)})`,
      )
    }
    return `(${sources.join(' UNION ALL ')}) AS t`
  }

  /** Every window of the range, for FROM, by the name t. */
  windows(kind: AggregateKind, where: string): string {
    return `${this.#tableOf(kind)} AS t FINAL WHERE ${where} AND t.view_count > 0 AND ${within([this.#range])}`
  }

  #tableOf(kind: AggregateKind): string {
    return AGGREGATE_TABLES[this.#level][kind]
  }
}

function between({ fromMs, toMs }: Piece, days: readonly BuiltDay[]): Piece[] {
  const edges = [fromMs, ...days.flatMap(({ startMs }) => [startMs, startMs + DAY_MS]), toMs]
  const pieces: Piece[] = []
  for (let i = 0; i < edges.length; i += 2) {
    if (edges[i]! < edges[i + 1]!) pieces.push({ fromMs: edges[i]!, toMs: edges[i + 1]! })
  }
  return pieces
}

function within(pieces: readonly Piece[]): string {
  const conditions = pieces.map(
    ({ fromMs, toMs }) => `t.window_start >= ${fromMs / 1_000} AND t.window_start < ${toMs / 1_000}`,
  )
  return conditions.length === 0 ? '0' : conditions.map((one) => `(${one})`).join(' OR ')
}

/**
 * A condition for a source of Spans: that a column has one of the values of a subquery. On a cluster they are asked for first and sent along,
 * since ClickHouse 26.7 does not take within a UNION what it makes of IN between Distributed tables.
 *
 * @param subquery answers one column with the name `one`
 */
export function isOneOf({ place }: Database, column: string, subquery: string): string {
  if (place.cluster === null) return `${column} IN (${subquery})`
  return `has((SELECT groupArray(toString(one)) FROM (${subquery})), toString(${column}))`
}
