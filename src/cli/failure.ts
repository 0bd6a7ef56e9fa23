import { MillraceError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'

/** What a person reads when a command ends with an error, and the status it ends with. */
export interface Failure {
  readonly text: string
  readonly exitCode: ExitCode
}

/** A known error is one clear line and what to do; anything else comes with its stack, since it is a defect. */
export function failureOf(error: unknown): Failure {
  if (error instanceof MillraceError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`
    return { text: `millrace: ${error.message}${hint}\n`, exitCode: error.exitCode }
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { text: `millrace: this should not have happened: ${text}\n`, exitCode: 70 }
}
