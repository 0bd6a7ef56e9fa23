import { messageOf } from '../errors.ts'
import type { VerifyReport } from './report.ts'

/** What is known of the audits of a process. */
export interface AuditState {
  readonly running: boolean
  /** What the one under way waits for; null when it does not, or none is under way. */
  readonly waiting: string | null
  /** Of the last audit that came to an end; null before. */
  readonly report: VerifyReport | null
  /** Why the last one did not come to an end; null when it did. */
  readonly failure: string | null
}

/** Runs audits when they are asked for, one at a time, and remembers what the last one found. */
export class Audits {
  readonly #audit: (waiting: (what: string) => void) => Promise<VerifyReport>
  #state: AuditState = { running: false, waiting: null, report: null, failure: null }

  /** @param audit verify() with what it needs */
  constructor(audit: (waiting: (what: string) => void) => Promise<VerifyReport>) {
    this.#audit = audit
  }

  get state(): AuditState {
    return this.#state
  }

  /** Begins one, unless one is under way. */
  start(): void {
    if (this.#state.running) return
    this.#state = { ...this.#state, running: true, waiting: null, failure: null }
    const waiting = (what: string): void => {
      this.#state = { ...this.#state, waiting: what }
    }
    this.#audit(waiting).then(
      (report) => {
        this.#state = { running: false, waiting: null, report, failure: null }
      },
      (error: unknown) => {
        this.#state = { ...this.#state, running: false, waiting: null, failure: messageOf(error) }
      },
    )
  }
}
