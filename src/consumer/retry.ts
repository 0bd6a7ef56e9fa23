import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../errors.ts'
import { publish } from '../observe/events.ts'
import { StoreError } from '../store/errors.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** The store or the log did not do what was asked; it is asked again after the pause. */
    'consumer:away': { what: Dependency; message: string; attempt: number; retryInMs: number }
    /** It does again. */
    'consumer:back': { what: Dependency; attempts: number; awayMs: number }
  }
}

/** What the consumer waits for when it is away. */
export type Dependency = 'store' | 'log'

/** Something that is away now. */
export interface Trouble {
  readonly what: Dependency
  /** What it said last. */
  readonly message: string
  /** Since when, in milliseconds since the epoch. */
  readonly sinceMs: number
  readonly attempts: number
}

export interface RetryOptions {
  /** Ends every wait; what is under way is left alone, and the caller gets the signal's reason. */
  readonly giveUp: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A number from 0 up to 1. */
  readonly random: () => number
  /** The first pause, in milliseconds. 100 by default. */
  readonly firstPauseMs?: number
  /** The longest pause, in milliseconds. 10 s by default. */
  readonly longestPauseMs?: number
}

/** How often an error that nobody knows is met before it counts as one that stays. */
export const UNKNOWN_ERROR_ATTEMPTS = 5

/**
 * Does things again until they succeed: the only owner of retries in the consumer. A dependency that is away is
 * waited for without end, with pauses that double and vary; an error that no retry can mend is thrown at once, and one of
 * unknown meaning after a few attempts.
 */
export class Retrier {
  readonly #options: Required<RetryOptions>
  readonly #troubles = new Map<Dependency, Trouble>()

  constructor(options: RetryOptions) {
    this.#options = { firstPauseMs: 100, longestPauseMs: 10_000, ...options }
  }

  /** What is away now. */
  troubles(): readonly Trouble[] {
    return [...this.#troubles.values()]
  }

  /** For how long it has been away; 0 when it is not. */
  awaySeconds(what: Dependency): number {
    const trouble = this.#troubles.get(what)
    return trouble === undefined ? 0 : Math.max(0, this.#options.now() - trouble.sinceMs) / 1_000
  }

  async run<T>(what: Dependency, operation: () => Promise<T>): Promise<T> {
    const { giveUp } = this.#options
    let unknown = 0
    for (let attempt = 1; ; attempt++) {
      giveUp.throwIfAborted()
      try {
        const result = await unlessAborted(operation(), giveUp)
        if (attempt > 1) this.#recovered(what, attempt)
        return result
      } catch (error) {
        if (giveUp.aborted) throw error
        const kind = kindOf(error)
        if (kind === 'unknown') unknown += 1
        if (kind === 'permanent' || unknown >= UNKNOWN_ERROR_ATTEMPTS) throw error
        const retryInMs = this.#pauseMs(attempt)
        this.#failed(what, messageOf(error), attempt, retryInMs)
        await sleep(retryInMs, undefined, { signal: giveUp })
      }
    }
  }

  /** Between half of a time that doubles and all of it, so that several consumers don't come back at one moment. */
  #pauseMs(attempt: number): number {
    const { firstPauseMs, longestPauseMs, random } = this.#options
    return Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)) * (0.5 + random() / 2)
  }

  #failed(what: Dependency, message: string, attempt: number, retryInMs: number): void {
    const sinceMs = this.#troubles.get(what)?.sinceMs ?? this.#options.now()
    this.#troubles.set(what, { what, message, sinceMs, attempts: attempt })
    publish('consumer:away', { what, message, attempt, retryInMs })
  }

  #recovered(what: Dependency, attempts: number): void {
    const trouble = this.#troubles.get(what)
    if (!trouble) return
    this.#troubles.delete(what)
    publish('consumer:back', { what, attempts, awayMs: this.#options.now() - trouble.sinceMs })
  }
}

function kindOf(error: unknown): 'transient' | 'permanent' | 'unknown' {
  if (error instanceof StoreError) return error.kind
  if (error instanceof MillraceError) return error.retryable ? 'transient' : 'permanent'
  return 'unknown'
}

/** The promise's result, or the signal's reason when that comes first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
