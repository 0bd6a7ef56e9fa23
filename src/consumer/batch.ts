import type { EventId } from '../event/event-id.ts'
import type { PageViewBytes } from '../event/page-view-bytes.ts'
import type { Position } from '../log/port.ts'
import { nextOffset, type RecordBatch } from '../log/record-batch.ts'
import { sliceStart } from '../rollup/levels.ts'
import { PageViewBlock } from '../store/page-view-block.ts'
import type { ErrorRow } from '../store/port.ts'

/** About what a rejected message needs beside its bytes. */
const ERROR_BYTES = 500

/** What is written, marked and committed together: rows, the slices they fall in, and how far the log has been read. */
export class Batch {
  /** One, unless there are rows of more days than one block may have. */
  readonly views: PageViewBlock[] = []
  readonly errors: ErrorRow[] = []
  readonly #slices = new Set<number>()
  #lastSlice = Number.NaN
  readonly #positions = new Map<number, number>()
  /** Messages that were read, repeats among them. */
  messages = 0
  #errorBytes = 0
  /** When the first of them was appended to the log, in milliseconds since the epoch; Infinity without messages. */
  oldestAppendedMs = Number.POSITIVE_INFINITY

  readonly #expectedRows: number

  /** @param expectedRows how many page views it will have, about; none by default */
  constructor(expectedRows = 0) {
    this.#expectedRows = expectedRows
  }

  /** About how much memory it needs: messages are not kept, only what became of them. */
  get bytes(): number {
    return this.views.reduce((sum, { bytes }) => sum + bytes, this.#errorBytes)
  }

  /** How many page views it has. */
  get rows(): number {
    return this.views.reduce((sum, { rows }) => sum + rows, 0)
  }

  /** Adds a page view; what is given may be filled again afterwards. */
  addView(view: PageViewBytes, id: EventId, partition: number, offset: number): void {
    this.#blockFor(view.timestampMs).add(view, id, partition, offset)
    const slice = sliceStart(view.timestampMs)
    if (slice === this.#lastSlice) return
    this.#lastSlice = slice
    this.#slices.add(slice)
  }

  addError(row: ErrorRow): void {
    this.errors.push(row)
    this.#errorBytes += ERROR_BYTES + (row.value?.length ?? 0)
  }

  /** Notes that these records have been read, whatever became of them. */
  addRead(records: RecordBatch): void {
    this.messages += records.length
    this.#positions.set(records.partition, nextOffset(records))
    for (let i = 0; i < records.length; i++) {
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

  #blockFor(timestampMs: number): PageViewBlock {
    const last = this.views.at(-1)
    if (last?.hasRoomFor(timestampMs)) return last
    // More than one is rare, and says nothing of how the rows are spread over them.
    const block = new PageViewBlock(last ? 0 : this.#expectedRows)
    this.views.push(block)
    return block
  }
}
