import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../errors.ts'
import type { LogWriter } from '../log/port.ts'
import { publish } from '../observe/events.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** An append failed and is tried again after the pause. */
    'producer:retried': { records: number; attempt: number; pauseMs: number; message: string }
  }
}

export interface RetryOptions {
  /** How often an append is tried, the first time included. */
  readonly attempts: number
  /** The longest pause before the second attempt, in milliseconds. It doubles with each one. */
  readonly firstPauseMs: number
  /** The longest pause of all, in milliseconds. */
  readonly longestPauseMs: number
  /** A number from 0 up to 1. */
  readonly random: () => number
  /** Ends the pauses: what fails then has failed. */
  readonly giveUp?: AbortSignal
}

/**
 * The same writer, whose appends are tried again when they may succeed later: the one owner of retries in sending.
 *
 * The pauses are exponential with full jitter: any length between nothing and a bound that doubles, so that
 * many senders that failed together do not come back together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryingWriter(writer: LogWriter, options: RetryOptions): LogWriter {
  const { attempts, firstPauseMs, longestPauseMs, random, giveUp } = options
  return {
    async append(records, alongside) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await writer.append(records, alongside)
        } catch (error) {
          const mayHeal = error instanceof MillraceError && error.retryable
          if (!mayHeal || attempt >= attempts || giveUp?.aborted) throw error
          const pauseMs = random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1))
          publish('producer:retried', {
            records: records.length,
            attempt,
            pauseMs,
            message: messageOf(error),
          })
          await sleep(pauseMs, undefined, { signal: giveUp }).catch(() => {
            throw error
          })
        }
      }
    },
    close: () => writer.close(),
  }
}
