import type { RejectReason } from '../event/outcome.ts'

/**
 * The ledger: what was sent and acknowledged, kept apart from what the store holds, so that one can be checked against the
 * other. It is written by whoever sends: before an append it is told what is sent, and the append's outcome after that.
 */
export interface Ledger {
  /**
   * Says what is about to be sent. What comes back goes to the append: `writer.append(records, sending)`.
   *
   * @throws MillraceError `log_full` when it must be written down first and there is no room: then nothing may be sent
   */
  begin(messages: readonly Sendable[]): Sending
  /** Everything recorded so far, as of one moment. With a range, only the windows that begin in it, so that memory is bounded. */
  read(range?: MinuteRange): LedgerSnapshot
}

/** Half-open, in milliseconds since the epoch; whole minutes. */
export interface MinuteRange {
  readonly fromMs: number
  readonly untilMs: number
}

/** A message as the ledger sees it. */
export interface Sendable {
  readonly key: Uint8Array | null
  readonly entry: LedgerEntry
}

/**
 * Some messages from before their append until their outcome is known. A log on other machines can have messages whose
 * acknowledgement never came, and a process can be killed while it waits for one: what is left open then, or given up, the
 * ledger reads as unknown, and not as missing.
 *
 * All methods are synchronous and do not throw for want of data.
 */
export interface Sending {
  /** The log has them, so they count. Called in the moment of the append. */
  acknowledged(): void
  /** An attempt ended without an answer: its messages may be in the log all the same. */
  unanswered(): void
  /** No more attempts are made. */
  givenUp(): void
  /** The messages are sent one by one instead: a sending for each, in their order, in place of this one. */
  split(): Sending[]
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

/** What may be in the log beyond what was acknowledged. */
export interface Unknown {
  /** How many messages at most, of every kind, each attempt counted. */
  readonly messages: number
  /** How many of them are invalid, at most, by reason. */
  readonly invalid: Readonly<Partial<Record<RejectReason, number>>>
  /** The ids of the page views among them that no other sending has got an acknowledgement for. */
  readonly views: ReadonlySet<string>
}

export interface LedgerSnapshot {
  /** Messages acknowledged, of every kind. */
  readonly messages: number
  /** Unique page views. */
  readonly views: number
  readonly repeats: number
  readonly invalid: Readonly<Partial<Record<RejectReason, number>>>
  /** Unique page views by minute of event time and page. */
  readonly windows: readonly LedgerWindow[]
  readonly unknown: Unknown
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
