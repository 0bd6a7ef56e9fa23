import type { FetchLimit } from '../log/port.ts'
import { Batch } from './batch.ts'

export type BatchMode = 'batch' | 'time' | 'hybrid'

export interface BatcherOptions {
  /** When a batch is due: after `maxMessages`, after `intervalMs`, or whichever comes first. */
  readonly mode: BatchMode
  readonly maxMessages: number
  /** Counted from the first message of the batch. */
  readonly intervalMs: number
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
  /** How much of a backlog there is to read, from 0 up to 1 (backlog.ts). None by default. */
  readonly pressure?: () => number
  /** How long nobody would look at what is written now, in milliseconds. Somebody would look at once by default. */
  readonly unseenMs?: () => number
}

/** A batch is due in every mode when it holds so much: memory is bounded, whatever the settings say. */
export const BATCH_BYTES = 64 * 2 ** 20

/** Decoding happens in the thread that also answers requests: so many messages keep it busy for some 10 ms. */
const FETCH_RECORDS = 5_000
const FETCH_BYTES = 4 * 2 ** 20

/**
 * How long a batch of the mode hybrid may be filled at least while a backlog is read, in milliseconds. Each block that is written is merged
 * with others later: blocks of 30,000 rows cost ClickHouse twice the processor time of blocks of 200,000 (bench/RESULTS.md).
 */
const BEHIND_INTERVAL_MS = 2_000

/**
 * A batch of the mode hybrid is filled until somebody looks at what is written, but not for longer than this, in milliseconds: written earlier
 * it would be seen no sooner, and there would be more blocks to merge.
 */
const LONGEST_UNSEEN_MS = 2_000

/** The longest wait for a first message: it has no deadline of its own. */
const IDLE_WAIT_MS = 1_000

/** Holds the batch that is being filled, and says what may be fetched into it and when it is due. */
export class Batcher {
  readonly #options: BatcherOptions
  #batch = new Batch()
  /** When the batch got its first message. */
  #begunAt: number | undefined

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /** The batch to add to. Ask again after each fetch. */
  get batch(): Batch {
    return this.#batch
  }

  /** What to fetch next, and how long to wait for it. */
  limit(): FetchLimit & { maxWaitMs: number } {
    const { mode, maxMessages } = this.#options
    const room = mode === 'time' ? FETCH_RECORDS : maxMessages - this.#batch.messages
    return {
      maxRecords: Math.max(1, Math.min(FETCH_RECORDS, room)),
      maxBytes: Math.max(1, Math.min(FETCH_BYTES, BATCH_BYTES - this.#batch.bytes)),
      maxWaitMs: Math.ceil(Math.min(IDLE_WAIT_MS, this.#remainingMs())),
    }
  }

  /** Whether to write the batch now. To be asked after each fetch, also one that brought nothing. */
  isDue(): boolean {
    if (this.#batch.messages === 0) return false
    this.#begunAt ??= this.#options.monotonic()
    return this.isFull() || this.#remainingMs() <= 0
  }

  /** Whether nothing more may be added. */
  isFull(): boolean {
    const { mode, maxMessages } = this.#options
    return this.#batch.bytes >= BATCH_BYTES || (mode !== 'time' && this.#batch.messages >= maxMessages)
  }

  /** Gives the batch away and begins another. */
  take(): Batch {
    const full = this.#batch
    this.#batch = new Batch(full.rows)
    this.#begunAt = undefined
    return full
  }

  /** How long the batch may still wait for messages. */
  #remainingMs(): number {
    const { mode, intervalMs, monotonic, pressure = () => 0, unseenMs = () => 0 } = this.#options
    if (mode === 'batch' || this.#begunAt === undefined) return Number.POSITIVE_INFINITY
    const waitedMs = monotonic() - this.#begunAt
    if (mode === 'time') return Math.max(0, intervalMs - waitedMs)
    const moreMs = pressure() * Math.max(0, BEHIND_INTERVAL_MS - intervalMs)
    return Math.max(0, intervalMs + moreMs - waitedMs, Math.min(unseenMs(), LONGEST_UNSEEN_MS - waitedMs))
  }
}
