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
