import type { RejectReason } from '../event/outcome.ts'
import type { GapRow } from './gaps.ts'
import type { PageViewBlock } from './page-view-block.ts'

/**
 * What the consumer needs of the store. The one implementation is ClickHouse (clickhouse-store.ts); unit tests of the
 * consumer use a fake in memory.
 *
 * Every method is idempotent: called again with the same rows, also in part, also in another grouping, it
 * leaves the store as it was. That is what makes redelivery harmless. Each resolves when ClickHouse has acknowledged
 * and throws MillraceError: `store_unavailable` may heal, `store_refused` does not. None retries by itself.
 */
export interface Store {
  /** Adds blocks of rows to the set of page views. Called by the flush, before `markStale`. */
  insertPageViews(blocks: readonly PageViewBlock[]): Promise<void>

  /** Adds messages that are no page views; a message that is there already is one row. */
  insertErrors(rows: readonly ErrorRow[]): Promise<void>

  /** Keeps what was gone from the log unread, for the audit. Called before anything behind it is read, so that no crash hides it. */
  insertGaps(topic: string, gaps: readonly GapRow[]): Promise<void>

  /**
   * Makes it durable that these slices have rows the aggregates have not seen. Called after the rows are
   * acknowledged and before their positions are committed, so that no crash can part them.
   *
   * @param sliceStarts starts of slices in milliseconds since the epoch (sliceStart() in src/rollup/levels.ts)
   */
  markStale(sliceStarts: readonly number[]): Promise<void>

  /** Resolves when the store answers. */
  ping(): Promise<void>
}

/** A message that is no page view, with its bytes. Its identity is topic, partition and offset. */
export interface ErrorRow {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The message's key, as it was; null when it had none. */
  readonly key: Uint8Array | null
  /** The message's value, as it was; null when it had none. */
  readonly value: Uint8Array | null
  readonly reason: RejectReason
  readonly detail: string
  /** When the consumer rejected it, in milliseconds since the epoch. */
  readonly rejectedAtMs: number
}
