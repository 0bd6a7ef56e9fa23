import { publish } from '../observe/events.ts'
import type { Database, InsertFormat } from './database.ts'
import { ERROR_COLUMNS, encodeErrors } from './error-rows.ts'
import { type GapRow, insertGaps } from './gaps.ts'
import { Marker, markWindows, type Window } from './marks.ts'
import { PAGE_VIEW_COLUMNS, type PageViewBlock } from './page-view-block.ts'
import type { ErrorRow, Store } from './port.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Rows were acknowledged by ClickHouse. */
    'store:inserted': {
      table: 'page_views_raw' | 'processing_errors'
      rows: number
      bytes: number
      ms: number
    }
  }
}

export interface ClickHouseStoreOptions {
  readonly db: Database
  /**
   * The windows to mark for a slice that has changed: the slice itself, or the minute or hour it lies in where
   * the finer levels are not kept any more (windowToMark() in src/rollup/source.ts).
   */
  readonly windowToMark: (sliceStartMs: number) => Window
  /** Milliseconds that only rise, to measure with; performance.now by default. */
  readonly monotonic?: () => number
}

/** The store's one implementation. What is promised stands at the port. */
export class ClickHouseStore implements Store {
  readonly #db: Database
  readonly #windowToMark: (sliceStartMs: number) => Window
  readonly #monotonic: () => number
  readonly #marker = new Marker()

  constructor(options: ClickHouseStoreOptions) {
    this.#db = options.db
    this.#windowToMark = options.windowToMark
    this.#monotonic = options.monotonic ?? (() => performance.now())
  }

  async insertPageViews(blocks: readonly PageViewBlock[]): Promise<void> {
    for (const block of blocks) {
      await this.#insert('page_views_raw', PAGE_VIEW_COLUMNS, block.rows, block.encode(), 'Native')
    }
  }

  async insertErrors(rows: readonly ErrorRow[]): Promise<void> {
    if (rows.length === 0) return
    await this.#insert('processing_errors', ERROR_COLUMNS, rows.length, [encodeErrors(rows)])
  }

  async insertGaps(topic: string, gaps: readonly GapRow[]): Promise<void> {
    await insertGaps(this.#db, topic, gaps)
  }

  async markStale(sliceStarts: readonly number[]): Promise<void> {
    const windows = new Map<string, Window>()
    for (const start of sliceStarts) {
      const window = this.#windowToMark(start)
      windows.set(`${window.level}${window.startMs}`, window)
    }
    await markWindows(this.#db, [...windows.values()], this.#marker)
  }

  ping(): Promise<void> {
    return this.#db.ping()
  }

  async #insert(
    table: 'page_views_raw' | 'processing_errors',
    columns: readonly string[],
    rows: number,
    encoded: readonly Uint8Array[],
    format: InsertFormat = 'RowBinary',
  ): Promise<void> {
    const began = this.#monotonic()
    await this.#db.insert(table, columns, encoded, { format, settings: { optimize_on_insert: 0 } })
    const bytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0)
    publish('store:inserted', { table, rows, bytes, ms: this.#monotonic() - began })
  }
}
