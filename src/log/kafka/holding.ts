import type { FetchPosition } from './fetch-request.ts'
import type { RecordChunk } from './record-chunk.ts'

/** A partition that is ours: how far it has been fetched, handed out and committed. Lives as long as the ownership. */
export class Holding implements FetchPosition {
  readonly partition: number
  readonly ownership: number
  /** Where we began, or began again when the log ended before that. What lies behind it is ours to commit. */
  start: number
  /** The offset to fetch next: behind all records handed out, and behind what lies after them and is nobody's to read. */
  offset: number
  /** Behind the record handed out last. */
  #handedOut: number
  /** As far as the group is known to be. */
  #committed: number
  /** Fetched and not handed out yet. */
  chunk: RecordChunk | undefined
  isFetching = false
  /** Where the partition ended when a broker was asked last. */
  end: number

  constructor(partition: number, ownership: number, start: number) {
    this.partition = partition
    this.ownership = ownership
    this.start = start
    this.offset = start
    this.end = start
    this.#handedOut = start
    this.#committed = start
  }

  handOut(nextOffset: number): void {
    this.#handedOut = nextOffset
  }

  /** Goes on elsewhere: what was to be read next is gone. */
  jump(offset: number): void {
    this.offset = offset
    this.start = Math.min(this.start, offset)
    this.#handedOut = offset
    this.#committed = Math.min(this.#committed, offset)
    this.chunk = undefined
  }

  /**
   * What to commit for an offset that the caller has done with. Behind the last record there may be markers of transactions and
   * records of aborted ones: they are done with too, else the group would never arrive at the end of the log.
   */
  commitFor(offset: number): number {
    return offset === this.#handedOut ? Math.max(offset, this.offset) : offset
  }

  committed(offset: number): void {
    this.#committed = offset
  }

  /** How far the group may be moved without anybody having read a record; undefined when it need not. */
  get beyondRecords(): number | undefined {
    return this.#committed >= this.#handedOut && this.offset > this.#committed ? this.offset : undefined
  }
}
