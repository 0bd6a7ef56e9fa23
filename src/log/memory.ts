import { MillraceError } from '../errors.ts'
import { decodeBatches, encodeBatch, type Stored } from './codec.ts'
import { checkRecord } from './limits.ts'
import type {
  EventLog,
  Fetched,
  FetchLimit,
  Gap,
  LogReader,
  LogWriter,
  OutgoingRecord,
  PartitionBounds,
  Position,
} from './port.ts'
import { nextOffset, type RecordBatch, split } from './record-batch.ts'

interface Partition {
  stored: Stored[]
  end: number
}

/** An event log in memory, for unit tests. It passes the same contract suite as the others, in one process. */
export class MemoryLog implements EventLog {
  readonly topic: string
  readonly partitions: number
  readonly #partitions: Partition[]
  readonly #positions = new Map<string, Map<number, number>>()
  readonly #groups = new Set<string>()
  readonly #waiting = new Set<() => void>()
  #closed = false

  constructor(options: { topic?: string; partitions?: number } = {}) {
    this.topic = options.topic ?? 'page-views'
    this.partitions = options.partitions ?? 6
    this.#partitions = Array.from({ length: this.partitions }, () => ({ stored: [], end: 0 }))
  }

  async writer(): Promise<LogWriter> {
    let closed = false
    return {
      append: async (records, alongside) => {
        if (closed || this.#closed) throw new MillraceError('log_refused', 'the writer is closed')
        for (const record of records) checkRecord(record, this.partitions)
        alongside?.acknowledged()
        for (const record of records) this.#append(record)
        for (const wake of this.#waiting) wake()
      },
      close: async () => {
        closed = true
      },
    }
  }

  async reader(group: string): Promise<LogReader> {
    if (this.#groups.has(group)) {
      throw new MillraceError(
        'already_running',
        `process ${process.pid} already reads for the group "${group}"`,
      )
    }
    this.#groups.add(group)
    const committed = this.#positions.get(group) ?? new Map<number, number>()
    this.#positions.set(group, committed)
    const next = this.#partitions.map((_, partition) => committed.get(partition) ?? 0)
    let gaps: Gap[] = []
    let first = 0
    const take = (limit: FetchLimit): RecordBatch[] => {
      const batches: RecordBatch[] = []
      let records = limit.maxRecords
      for (let i = 0; i < this.partitions && records > 0; i++) {
        const partition = (first + i) % this.partitions
        const { earliest, end } = this.#bounds(partition)
        const expected = next[partition]!
        if (expected < earliest || expected > end) {
          gaps.push({ partition, expected, resumedAt: earliest })
          next[partition] = earliest
        }
        const maxRecords = Math.ceil(records / (this.partitions - i))
        const batch = this.#read(partition, next[partition]!, { ...limit, maxRecords })
        if (!batch) continue
        batches.push(batch)
        next[partition] = nextOffset(batch)
        records -= batch.length
      }
      first = (first + 1) % this.partitions
      return batches
    }
    return {
      fetch: async (limit, signal): Promise<Fetched> => {
        let batches = take(limit)
        if (batches.length === 0 && gaps.length === 0 && !signal?.aborted) {
          await this.#appended(limit.maxWaitMs, signal)
          batches = take(limit)
        }
        const told = gaps
        gaps = []
        return { batches, gaps: told }
      },
      commit: async (positions) => {
        for (const { partition, offset } of positions) committed.set(partition, offset)
      },
      assignments: () => this.#partitions.map((_, partition) => partition),
      close: async () => {
        this.#groups.delete(group)
      },
    }
  }

  async bounds(): Promise<PartitionBounds[]> {
    return this.#partitions.map((_, partition) => this.#bounds(partition))
  }

  async committed(group: string): Promise<Position[]> {
    return Array.from(this.#positions.get(group) ?? [], ([partition, offset]) => ({ partition, offset }))
  }

  async read(partition: number, offset: number, limit: FetchLimit): Promise<RecordBatch | null> {
    return this.#read(partition, Math.max(offset, this.#bounds(partition).earliest), limit)
  }

  /** Forgets records before an offset, as retention does. */
  truncate(partition: number, before: number): void {
    const of = this.#partitions[partition]!
    of.stored = of.stored.filter(({ firstOffset }) => firstOffset >= before)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#groups.clear()
    for (const wake of this.#waiting) wake()
  }

  #append(record: OutgoingRecord): void {
    const partition = this.#partitions[record.partition]!
    const bytes = encodeBatch([record], record.timestampMs)
    partition.stored.push({ firstOffset: partition.end, bytes })
    partition.end += 1
  }

  #bounds(partition: number): PartitionBounds {
    const { stored, end } = this.#partitions[partition]!
    return { partition, earliest: stored[0]?.firstOffset ?? end, end }
  }

  #read(partition: number, offset: number, limit: FetchLimit): RecordBatch | null {
    const { stored } = this.#partitions[partition]!
    const from = stored.findIndex(({ firstOffset }) => firstOffset >= offset)
    if (from < 0) return null
    const chosen: Stored[] = []
    let bytes = 0
    for (const one of stored.slice(from, from + limit.maxRecords)) {
      bytes += one.bytes.length
      if (chosen.length > 0 && bytes > limit.maxBytes) break
      chosen.push(one)
    }
    const batch = decodeBatches(partition, chosen, offset)
    return batch && split(batch, limit.maxRecords)[0]
  }

  async #appended(maxWaitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const timer = setTimeout(wake, maxWaitMs)
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await promise
    signal?.removeEventListener('abort', wake)
    this.#waiting.delete(wake)
    clearTimeout(timer)
  }
}
