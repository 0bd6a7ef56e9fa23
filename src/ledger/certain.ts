import type { LedgerEntry, Sendable, Sending, Unknown } from './port.ts'

/** Nothing: a log in this process, or with transactions of ours, always says what became of an append. */
export const NOTHING_UNKNOWN: Unknown = { messages: 0, invalid: {}, views: new Set() }

/** A sending to a log that never leaves an append without an answer: only what is acknowledged is told to the ledger. */
export class CertainSending implements Sending {
  readonly #messages: readonly Sendable[]
  readonly #record: (entries: readonly LedgerEntry[]) => void

  constructor(messages: readonly Sendable[], record: (entries: readonly LedgerEntry[]) => void) {
    this.#messages = messages
    this.#record = record
  }

  acknowledged(): void {
    this.#record(this.#messages.map(({ entry }) => entry))
  }

  unanswered(): void {}

  givenUp(): void {}

  split(): Sending[] {
    return this.#messages.map((message) => new CertainSending([message], this.#record))
  }
}
