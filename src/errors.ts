import type { ExitCode } from './exit-codes.ts'

/**
 * Errors that reach a person or decide what happens next.
 *
 * The list of codes is closed. A code says whether trying again can help and with which status a
 * command ends, so that no caller has to guess from a message.
 */
export const ERROR_CODES = {
  /** A setting, flag or argument is wrong. */
  invalid_setting: { retryable: false, exitCode: 2 },
  /** A file or directory is missing, of the wrong kind, or may not be read or written. */
  file_unusable: { retryable: false, exitCode: 2 },
  /** A port of ours is taken. */
  port_in_use: { retryable: false, exitCode: 2 },
  /** The data directory, the group or the program is already in use by another process. */
  already_running: { retryable: false, exitCode: 3 },
  /** This operating system or processor cannot run the local ClickHouse server. */
  unsupported_platform: { retryable: false, exitCode: 4 },
  /** The store refuses what no retry can mend: credentials, missing schema, a read-only user. */
  store_refused: { retryable: false, exitCode: 4 },
  /** The store cannot be reached or is busy; the same request may succeed later. */
  store_unavailable: { retryable: true, exitCode: 5 },
  /** The event log has no room, on disk or in its map. */
  log_full: { retryable: true, exitCode: 5 },
  /** The event log cannot be reached or failed for a moment. */
  log_unavailable: { retryable: true, exitCode: 5 },
  /** The event log refuses what no retry can mend, a record over the size limit for example. */
  log_refused: { retryable: false, exitCode: 4 },
  /** What was asked for is not there. */
  not_found: { retryable: false, exitCode: 1 },
  /** Something was checked and does not hold. */
  check_failed: { retryable: false, exitCode: 1 },
} as const satisfies Record<string, { retryable: boolean; exitCode: ExitCode }>

export type ErrorCode = keyof typeof ERROR_CODES

export interface ErrorDetails {
  /** What the reader can do about it, as a sentence. */
  hint?: string
  cause?: unknown
}

/**
 * An error with a message that says what happened and to what, and a hint that says what to do.
 */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
  }

  /** Whether the same operation may succeed later without anybody's help. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }

  /** The exit status of a command that ends with this error. */
  get exitCode(): ExitCode {
    return ERROR_CODES[this.code].exitCode
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
