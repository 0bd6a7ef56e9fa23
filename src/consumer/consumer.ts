import { setImmediate as turn } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Gap, LogReader } from '../log/port.ts'
import { publish } from '../observe/events.ts'
import type { Store } from '../store/port.ts'
import { Batcher, type BatcherOptions } from './batcher.ts'
import { type Flushed, flush } from './flush.ts'
import { Pipeline, type PipelineOptions } from './pipeline.ts'
import type { Retrier } from './retry.ts'
import { retryingReader, retryingStore } from './retrying.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Messages that were not read yet are gone from the log. */
    'consumer:gap': Gap
    /** A batch takes no more messages, and its flush begins. What was processed since the last time is in it. */
    'consumer:filled': { messages: number }
    /** A batch could not be written, marked or committed, and will not be here; its messages come again. */
    'consumer:flush-failed': { message: string }
  }
}

export interface ConsumerOptions extends PipelineOptions, BatcherOptions {
  /** A member of the group that nobody else uses; closed at the end. */
  readonly reader: LogReader
  readonly store: Store
  readonly retrier: Retrier
  /** Called after each flush, with what it wrote, and whether nothing more had been found to read. */
  readonly onFlushed: (flushed: Flushed, caughtUp: boolean) => void
}

/**
 * Moves messages from the log into the store. While one batch is being written the next one is filled; so two are held at most. While
 * the store is away it waits with both of them, fetching nothing.
 */
export class Consumer {
  readonly #options: ConsumerOptions
  readonly #reader: LogReader
  readonly #store: Store
  readonly #pipeline: Pipeline
  readonly #batcher: Batcher
  /** The flush that is under way; it does not reject. */
  #flushing: Promise<void> = Promise.resolve()
  /** Messages of the flush that is under way. */
  #flushingMessages = 0
  #hasFetched = false
  /** Why a flush failed for good. */
  #failure: { readonly error: unknown } | undefined

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#reader = retryingReader(options.reader, options.retrier)
    this.#store = retryingStore(options.store, options.retrier)
    this.#pipeline = new Pipeline(options)
    this.#batcher = new Batcher(options)
  }

  /** The partitions that it reads. */
  assignments(): readonly number[] {
    return this.#reader.assignments()
  }

  /** Messages that are read and not committed yet. */
  get held(): number {
    return this.#batcher.batch.messages + this.#flushingMessages
  }

  /** Whether a batch is being written. */
  get isWriting(): boolean {
    return this.#flushingMessages > 0
  }

  /**
   * Consumes until the signal aborts, writes what it holds, and leaves the group. Called once.
   *
   * @throws what no retry could mend, and the retrier's reason when it gave up; then the last batch was not committed,
   * and whoever reads next gets it again
   */
  async run(stop: AbortSignal): Promise<void> {
    const reader = this.#reader
    try {
      while (!stop.aborted) {
        const { batches, gaps } = await reader.fetch(this.#batcher.limit(), stop)
        for (const gap of gaps) publish('consumer:gap', gap)
        if (gaps.length > 0) await this.#store.insertGaps(this.#options.topic, gaps)
        this.#pipeline.process(batches, this.#batcher.batch)
        this.#hasFetched = batches.length > 0
        // A log with a backlog answers at once: without a turn of the event loop the flush under way would get nothing done.
        if (this.#hasFetched) await turn()
        if (this.#isToFlush()) await this.#flush()
        this.#throwFailure()
      }
      if (this.#batcher.batch.messages > 0) await this.#flush()
      await this.#flushing
      this.#throwFailure()
    } finally {
      await this.#flushing
      await reader.close()
    }
  }

  /**
   * While the flush before is under way, a batch that is due goes on taking what is there: the slower the store, the larger its
   * blocks, and larger ones cost it less.
   */
  #isToFlush(): boolean {
    if (!this.#batcher.isDue()) return false
    return this.#flushingMessages === 0 || !this.#hasFetched || this.#batcher.isFull()
  }

  /** Waits for the flush before, so that positions are committed in the order of batches, and begins the next. */
  async #flush(): Promise<void> {
    await this.#flushing
    this.#throwFailure()
    const { onFlushed, monotonic } = this.#options
    const batch = this.#batcher.take()
    this.#flushingMessages = batch.messages
    publish('consumer:filled', { messages: batch.messages })
    this.#flushing = flush(batch, this.#store, this.#reader, monotonic)
      .then(
        (flushed) => onFlushed(flushed, !this.#hasFetched && this.#batcher.batch.messages === 0),
        (error) => {
          this.#failure = { error }
          publish('consumer:flush-failed', { message: messageOf(error) })
        },
      )
      .finally(() => {
        this.#flushingMessages = 0
      })
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }
}
