import type { Bookkeeping, OutgoingRecord } from '../port.ts'
import { type Environment, logError, transact } from './environment.ts'
import type { Topic } from './topic.ts'

interface Append {
  readonly records: readonly OutgoingRecord[]
  readonly alongside: Bookkeeping | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What else belongs to each transaction: the ledger, which adds up what the appends of one have recorded. */
export interface Companion {
  /** Called inside the transaction, after its last append. */
  beforeCommit(): void
  /** Called when the transaction has failed and nothing of it stays. */
  afterAbort(): void
}

export interface AppendQueueOptions {
  readonly environment: Environment
  readonly topic: Topic
  /** Where the environment is, for errors. */
  readonly directory: string
  readonly companion: Companion
  /** Called after each transaction. */
  readonly committed: () => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Gathers appends and commits them together: one transaction, one stored batch for each partition, one synchronisation with the disk.
 * Order is kept. A commit blocks this thread, so the next one is begun when as much time has passed as the last one took: under load
 * transactions grow, and half of the time is left for everything else.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions
  #waiting: Append[] = []
  #idle: Promise<void> = Promise.resolve()
  #notBefore = 0

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  /**
   * Appends records and tells `alongside` in the same transaction, soon. When an append fails, nothing of it stays, and others are not
   * affected; `alongside` may be told a second time then.
   *
   * @returns when they are durable
   * @throws MillraceError `log_full`, `log_unavailable`, and what `alongside` throws
   */
  append(records: readonly OutgoingRecord[], alongside?: Bookkeeping): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ records, alongside, resolve, reject })
    if (this.#waiting.length === 1) this.#schedule()
    return promise
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#idle
  }

  #schedule(): void {
    this.#idle = new Promise((done) => {
      const commit = (): void => {
        this.#commitWaiting()
        done()
      }
      const waitMs = this.#notBefore - performance.now()
      if (waitMs > 0.5) setTimeout(commit, waitMs)
      else setImmediate(commit)
    })
  }

  #commitWaiting(): void {
    const group = this.#waiting
    this.#waiting = []
    const began = performance.now()
    // Of several that failed together each is tried alone, so that the reason goes to the one that it is about.
    if (!this.#commit(group) && group.length > 1) for (const one of group) this.#commit([one])
    const ended = performance.now()
    this.#notBefore = ended + (ended - began)
  }

  #commit(group: readonly Append[]): boolean {
    const { environment, topic, companion, committed, now, directory } = this.#options
    try {
      transact(
        environment,
        () => {
          topic.append(
            group.map(({ records }) => records),
            now(),
          )
          for (const { alongside } of group) alongside?.acknowledged()
          companion.beforeCommit()
        },
        bytesOf(group),
      )
      committed()
      for (const { resolve } of group) resolve()
      return true
    } catch (error) {
      companion.afterAbort()
      if (group.length === 1) group[0]!.reject(logError(error, 'appending', directory))
      return false
    }
  }
}

function bytesOf(group: readonly Append[]): number {
  let bytes = 0
  for (const { records } of group) {
    for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0)
  }
  return bytes
}
