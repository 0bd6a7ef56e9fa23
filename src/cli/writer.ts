import type { Config } from '../config/config.ts'
import type { EventLog, LogWriter } from '../log/port.ts'
import { retryingWriter } from '../send/retry.ts'

export interface WriterOptions {
  /** Ends the pauses between attempts. */
  readonly giveUp?: AbortSignal
  /** A number from 0 up to 1; Math.random by default. */
  readonly random?: () => number
}

/** A writer of the log, with the retries that the settings ask for around it. */
export async function openWriter(
  log: EventLog,
  config: Config,
  options: WriterOptions = {},
): Promise<LogWriter> {
  return retryingWriter(await log.writer(), {
    attempts: config.sendAttempts,
    firstPauseMs: config.sendBackoff,
    longestPauseMs: config.sendMaxBackoff,
    random: Math.random,
    ...options,
  })
}
