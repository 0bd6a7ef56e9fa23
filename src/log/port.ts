import type { RecordBatch } from './record-batch.ts'

/**
 * The event log: a topic of numbered partitions, each an ordered, durable sequence of records. It has
 * adapters for LMDB on one machine and for memory in unit tests; Kafka has the same shape. One contract suite
 * (test/log/contract.ts) runs on every adapter, and what is promised here is what it checks.
 */
export interface EventLog {
  readonly topic: string
  /** How many partitions the topic has; partitions are numbered from 0. */
  readonly partitions: number

  /**
   * Opens a writer. Called once by each process that sends. Several writers, in several processes, may append
   * at the same time.
   */
  writer(): Promise<LogWriter>

  /**
   * Joins a consumer group. Called once by each consumer process, before its first fetch.
   * Throws `already_running`, naming the owner's pid, when the log allows one member and there is one alive.
   */
  reader(group: string): Promise<LogReader>

  /**
   * The partitions' bounds, now. Called by status pages, metrics and audits, as often as they like.
   */
  bounds(): Promise<PartitionBounds[]>

  /** The positions that a group has committed, now, joined or not. Partitions without one are left out. */
  committed(group: string): Promise<Position[]>

  /**
   * Reads records outside of any group, from `offset` (or the earliest that exists, where that is later) and
   * in order; null at the end. Called by audits and dead-letter tools. Commits nothing.
   */
  read(partition: number, offset: number, limit: FetchLimit): Promise<RecordBatch | null>

  /**
   * Closes what is open, writers and readers too. Waits for appends under way. Idempotent.
   */
  close(): Promise<void>
}

export interface LogWriter {
  /**
   * Appends records, in their order, each to its partition; all of them or, when it throws, none that was
   * acknowledged. Resolves when the records are durable: they survive the end of this process and of the
   * machine. Called by the sender, any number at the same time; calls that follow each other keep their order.
   *
   * `alongside` is bookkeeping of the caller's. A log with transactions tells it of the acknowledgement inside the one that appends,
   * so both happen or neither; another log tells it afterwards. A log on other machines also tells it of each
   * attempt that ended without an answer, and of one that succeeded when records may be in the log twice by it. It must be synchronous and must not throw for want of data.
   *
   * Throws MillraceError: `log_full` and `log_unavailable` may heal, `log_refused` (unknown partition,
   * record over the limit) does not. One owner of retries: this port never retries by itself.
   */
  append(records: readonly OutgoingRecord[], alongside?: Bookkeeping): Promise<void>

  /** Waits for appends under way, then closes. Idempotent. */
  close(): Promise<void>
}

export interface LogReader {
  /**
   * Takes the next records of the assigned partitions, fairly between them, each partition in order. Called in a
   * loop by one caller at a time. Waits until there is at least one record, `maxWaitMs` are over (then
   * `batches` is empty) or the signal aborts (likewise), without busy polling, also when the record
   * is appended by another process.
   *
   * Starts behind the last commit of the group, at the earliest record when there is none. A position that no
   * longer exists (retention, a truncated log) resumes at the earliest record that does and is told once in `gaps`.
   */
  fetch(limit: FetchLimit & { maxWaitMs: number }, signal?: AbortSignal): Promise<Fetched>

  /**
   * Makes positions durable: for each partition the offset to read next. Called after what lies before them
   * has been written to the store, never earlier. A position that is not ahead of the one committed is kept as given:
   * whoever goes back means it.
   */
  commit(positions: readonly Position[]): Promise<void>

  /** The partitions that this member reads, ascending. May change between fetches. */
  assignments(): readonly number[]

  /** Leaves the group. Commits nothing. Idempotent. */
  close(): Promise<void>
}

/** What is told of an append's outcome. */
export interface Bookkeeping {
  acknowledged(): void
  unanswered(): void
}

export interface OutgoingRecord {
  readonly partition: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** When it is sent, in milliseconds since the epoch; the event's own time is in the value. */
  readonly timestampMs: number
}

/** A place in the log. As a committed position, `offset` is the one to read next. */
export interface Position {
  readonly partition: number
  readonly offset: number
}

export interface PartitionBounds {
  readonly partition: number
  /** The first offset that still exists; equal to `end` when the partition is empty. */
  readonly earliest: number
  /** The offset that the next record will get. */
  readonly end: number
}

export interface FetchLimit {
  /** At most so many records. One at least is returned when there is one. */
  readonly maxRecords: number
  /** Stop before the batch whose bytes go over this, except when it is the first. */
  readonly maxBytes: number
}

export interface Fetched {
  readonly batches: readonly RecordBatch[]
  readonly gaps: readonly Gap[]
}

/** Records that were asked for and no longer exist. */
export interface Gap {
  readonly partition: number
  /** The offset that was to be read. */
  readonly expected: number
  /** The offset where reading goes on. */
  readonly resumedAt: number
  /**
   * Of a topic that was removed and made again: where the former one ended, as far as was known. Offsets began anew, so `expected` is one of
   * the former topic, `resumedAt` one of the present.
   */
  readonly formerEnd?: number
}

/** How many records of a gap nobody has read: at least so many, where the topic is another one. */
export function lostIn({ expected, resumedAt, formerEnd }: Gap): number {
  return Math.max(0, (formerEnd ?? resumedAt) - expected)
}
