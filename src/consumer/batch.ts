import type { Position } from '../log/port.ts'
import { nextOffset, type RecordBatch } from '../log/record-batch.ts'
import { sliceStart } from '../rollup/levels.ts'
import type { ErrorRow, PageViewRow } from '../store/port.ts'

/** What is written, marked and committed together: rows, the slices they fall in, and how far the log has been read. */
export class Batch {
  readonly views: PageViewRow[] = []
  readonly errors: ErrorRow[] = []
  readonly #slices = new Set<number>()
  readonly #positions = new Map<number, number>()
  /** Messages that were read, repeats among them. */
  messages = 0
  /** The size of their values. */
  bytes = 0
  /** When the first of them was appended to the log, in milliseconds since the epoch; Infinity without messages. */
  oldestAppendedMs = Number.POSITIVE_INFINITY

  addView(row: PageViewRow): void {
    this.views.push(row)
    this.#slices.add(sliceStart(row.view.timestampMs))
  }

  addError(row: ErrorRow): void {
    this.errors.push(row)
  }

  /** Notes that these records have been read, whatever became of them. */
  addRead(records: RecordBatch): void {
    this.messages += records.length
    this.#positions.set(records.partition, nextOffset(records))
    for (let i = 0; i < records.length; i++) {
      this.bytes += records.values[2 * i + 1]! - records.values[2 * i]!
      this.oldestAppendedMs = Math.min(this.oldestAppendedMs, records.timestamps[i]!)
    }
  }

  /** The starts of the slices that have new rows, in milliseconds since the epoch. */
  slices(): number[] {
    return [...this.#slices]
  }

  /** For each partition the offset to read next once the batch is written. */
  positions(): Position[] {
    return Array.from(this.#positions, ([partition, offset]) => ({ partition, offset }))
  }
}
