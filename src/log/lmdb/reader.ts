import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetched, FetchLimit, Gap, LogReader, Position } from '../port.ts'
import { nextOffset, type RecordBatch, split } from '../record-batch.ts'
import type { DoorbellListener } from './doorbell.ts'
import { logError } from './environment.ts'
import type { Positions } from './positions.ts'
import type { Topic } from './topic.ts'

/** How long a reader that was woken waits for more, in milliseconds. */
const GATHER_MS = 20

export interface ReaderParts {
  readonly topic: Topic
  readonly positions: Positions
  readonly group: string
  /** Where the log is, for errors. */
  readonly directory: string
}

/** Reads a topic for a group: the only member there is, so it reads every partition. */
export class LmdbReader implements LogReader {
  readonly #topic: Topic
  readonly #positions: Positions
  readonly #group: string
  readonly #directory: string
  readonly #doorbell: DoorbellListener
  readonly #onClose: () => void
  /** For each partition the offset to read next. */
  readonly #next: number[] = []
  /** For each partition what was read of it and not handed out: a stored batch may be many times what one fetch takes. */
  readonly #rest: (RecordBatch | null)[] = []
  #gaps: Gap[] = []
  /** Where the next fetch begins, so that each partition comes first in its turn. */
  #first = 0
  #closed = false

  constructor(of: ReaderParts, doorbell: DoorbellListener, onClose: () => void) {
    const { topic, positions, group, directory } = of
    this.#topic = topic
    this.#positions = positions
    this.#group = group
    this.#directory = directory
    this.#doorbell = doorbell
    this.#onClose = onClose
    topic.refresh()
    for (const { partition, earliest } of topic.bounds())
      this.#next[partition] = this.#startOf(partition, earliest)
  }

  async fetch(limit: FetchLimit & { maxWaitMs: number }, signal?: AbortSignal): Promise<Fetched> {
    const deadline = performance.now() + limit.maxWaitMs
    for (;;) {
      const rings = this.#doorbell.rings
      const batches = this.#take(limit)
      const leftMs = deadline - performance.now()
      if (batches.length > 0 || this.#gaps.length > 0 || leftMs <= 0 || signal?.aborted || this.#closed) {
        const gaps = this.#gaps
        this.#gaps = []
        return { batches, gaps }
      }
      await this.#doorbell.sinceRing(rings, leftMs, signal)
      await this.#gather(deadline, signal)
    }
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#positions.commit(this.#group, positions)
  }

  assignments(): readonly number[] {
    return this.#next.map((_, partition) => partition)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#doorbell.close()
    this.#positions.release(this.#group)
    this.#onClose()
  }

  /** Where one record came more will: a moment later one fetch takes them all. */
  async #gather(deadline: number, signal?: AbortSignal): Promise<void> {
    const waitMs = Math.min(GATHER_MS, deadline - performance.now())
    if (waitMs > 0 && !signal?.aborted && !this.#closed) await sleep(waitMs)
  }

  #startOf(partition: number, earliest: number): number {
    const committed = this.#positions.committed(this.#group, partition)
    if (!committed) return earliest
    if (committed.ofThisLog) return committed.offset
    if (committed.offset > 0) this.#gaps.push({ partition, expected: committed.offset, resumedAt: earliest })
    return earliest
  }

  #take(limit: FetchLimit): RecordBatch[] {
    try {
      this.#topic.refresh()
      this.#skipWhatIsGone()
      return this.#read(limit)
    } catch (error) {
      throw logError(error, 'reading', this.#directory)
    }
  }

  #skipWhatIsGone(): void {
    for (const { partition, earliest, end } of this.#topic.bounds()) {
      const expected = this.#next[partition]!
      if (expected >= earliest && expected <= end) continue
      this.#gaps.push({ partition, expected, resumedAt: earliest })
      this.#next[partition] = earliest
    }
  }

  /** Each partition gets an equal share of what those before it have left. */
  #read(limit: FetchLimit): RecordBatch[] {
    const { partitions } = this.#topic
    const batches: RecordBatch[] = []
    let records = limit.maxRecords
    let bytes = limit.maxBytes
    for (let i = 0; i < partitions && records > 0 && bytes > 0; i++) {
      const partition = (this.#first + i) % partitions
      const share = {
        maxRecords: Math.ceil(records / (partitions - i)),
        maxBytes: Math.ceil(bytes / (partitions - i)),
      }
      const whole = this.#readOn(partition, share)
      if (!whole) continue
      const [batch, rest] = split(whole, share.maxRecords)
      this.#rest[partition] = rest
      batches.push(batch)
      this.#next[partition] = nextOffset(batch)
      records -= batch.length
      bytes -= sizeOf(batch)
    }
    this.#first = (this.#first + 1) % partitions
    return batches
  }

  #readOn(partition: number, limit: FetchLimit): RecordBatch | null {
    const next = this.#next[partition]!
    const rest = this.#rest[partition]
    return rest?.offsets[0] === next ? rest : this.#topic.readWhole(partition, next, limit)
  }
}

/** The bytes of its keys and values. */
function sizeOf({ values, keys, length }: RecordBatch): number {
  const begin = keys[0]! >= 0 ? keys[0]! : values[0]!
  return Math.max(0, values[2 * length - 1]! - begin)
}
