import type { RejectReason } from '../event/outcome.ts'

/**
 * The ledger: what was sent and acknowledged, kept apart from what the store holds, so that one can be checked against the
 * other. It is written by whoever sends, in the moment of the acknowledgement (`LogWriter.append(records, alongside)`).
 */
export interface Ledger {
  /** Adds what was acknowledged. Called inside the append; synchronous. */
  record(entries: readonly LedgerEntry[]): void
  /** Everything recorded so far, as of one moment. */
  read(): LedgerSnapshot
  /**
   * Adds an attempt to send that ended without an answer: its messages may be in the log, and when they are sent again, once more than
   * `record` says. Durable when it returns, and called before they are sent again; synchronous.
   */
  doubt(entries: readonly DoubtedEntry[]): void
  /** What is in doubt, as of one moment. */
  doubts(): Doubts
}

/** A message of an attempt without an answer. A page view is called by its identity, so that it can be looked for. */
export type DoubtedEntry = Exclude<LedgerEntry, { kind: 'view' }>

/** The messages of attempts without an answer: by how much the log may exceed the ledger, and with what. */
export interface Doubts {
  /** Messages of all such attempts, each as often as it was in one. */
  readonly messages: number
  /** Those among them that must be rejected, by reason. */
  readonly invalid: Readonly<Partial<Record<RejectReason, number>>>
  /** Page views of which no attempt was answered yet: each is in the log, or it is not. */
  readonly views: readonly DoubtedView[]
}

export interface DoubtedView {
  readonly eventId: string
  readonly pageId: string
  readonly timestampMs: number
  readonly durationMs: number
  readonly isBounce: boolean
}

/** One acknowledged message, as its sender knows it. */
export type LedgerEntry =
  | {
      /** A page view that this sender sends for the first time. */
      readonly kind: 'view'
      readonly pageId: string
      readonly timestampMs: number
      readonly durationMs: number
      readonly isBounce: boolean
    }
  | {
      /**
       * A page view whose sender cannot know whether it was sent before (a replayed file). The ledger remembers its identity and
       * counts it as a view the first time and as a repeat after that.
       */
      readonly kind: 'view-once'
      /** The event's id, as text. */
      readonly eventId: string
      readonly pageId: string
      readonly timestampMs: number
      readonly durationMs: number
      readonly isBounce: boolean
    }
  /** A message sent again with the key and payload of an earlier one. */
  | { readonly kind: 'repeat' }
  /** A message that must be rejected, for this reason. */
  | { readonly kind: 'invalid'; readonly reason: RejectReason }

export interface LedgerSnapshot {
  /** Messages acknowledged, of every kind. */
  readonly messages: number
  /** Unique page views. */
  readonly views: number
  readonly repeats: number
  readonly invalid: Readonly<Partial<Record<RejectReason, number>>>
  /** Unique page views by minute of event time and page. */
  readonly windows: readonly LedgerWindow[]
}

export interface LedgerWindow {
  /** The start of the minute, in milliseconds since the epoch. */
  readonly minute: number
  readonly pageId: string
  readonly views: number
  readonly bounces: number
  /** The sum of view durations in milliseconds. */
  readonly durationMs: number
}
