import type { CauseName } from './causes.ts'

/** What an audit found. Every number is named, so that `--json` reads like the text. */
export interface VerifyReport {
  /** Whether log, ledger, raw rows and every level of aggregates agree. */
  readonly agrees: boolean
  /** `unsettled`: nothing differs, but the consumer or the roll-up did not get on, so not everything could be compared. */
  readonly verdict: 'agrees' | 'differs' | 'unsettled'
  /** When the audit began, ISO 8601. */
  readonly began_at: string
  readonly took_ms: number
  /** The times of events that were compared, in whole hours; null where it is open. */
  readonly range: { readonly from: string | null; readonly to: string | null }
  readonly log: {
    /** Messages ever appended: the sum of the partitions' ends. */
    readonly messages: number
    /** Messages that the consumer group has committed. */
    readonly consumed: number
  }
  readonly raw: {
    /** Rows after merging equal ones: one for each key and payload. */
    readonly rows: number
    /** Distinct events. */
    readonly unique: number
    /** Keys that came with more than one payload. */
    readonly conflicts: number
  }
  /** The first of the keys that came with more than one payload. */
  readonly conflicts: readonly Conflict[]
  /** What is on its way, and neither missing nor wrong. */
  readonly in_flight: {
    /** Messages that were in the log and that the consumer did not get to. */
    readonly messages: number
    /** Windows that wait for the roll-up. */
    readonly windows: number
  }
  /** Messages below the committed positions, each of which must be in raw, in processing_errors, or a repeat; null when it was not asked. */
  readonly offsets: OffsetTotals | null
  /** What can't be compared any more, because rows have expired. */
  readonly unchecked: readonly Unchecked[]
  /** What --repair did; null without it. */
  readonly repair: RepairReport | null
  readonly errors: { readonly total: number; readonly by_reason: Readonly<Record<string, number>> }
  /** Messages that were neither a new page view nor an error. */
  readonly repeats: number
  readonly ledger: {
    readonly messages: number
    readonly views: number
    readonly repeats: number
    /** Attempts to send a message whose outcome is unknown: the log may have so many messages more. */
    readonly unacknowledged: number
    readonly invalid: Readonly<Record<string, number>>
  }
  /** The sum of view counts of each level. */
  readonly levels: readonly LevelTotals[]
  readonly differences: readonly Difference[]
  /** How many differences there are; the list names the first ones. */
  readonly differences_total: number
  /** What is no disagreement and still worth knowing. */
  readonly notes: readonly string[]
}

export interface LevelTotals {
  readonly level: string
  readonly view_count: number
  readonly bounce_count: number
  readonly total_duration: number
}

export interface Conflict {
  readonly event_id: string
  readonly payloads: number
  readonly at: readonly { readonly partition: number; readonly offset: number; readonly page_id: string }[]
}

export interface OffsetTotals {
  /** Offsets between what the log still has and what is committed. */
  readonly checked: number
  /** Of them in raw or in processing_errors by their own offset. */
  readonly stored: number
  /** Read again from the log: their event is in raw by another message. */
  readonly repeats: number
  /** Without a message: the marks of transactions, and what was compacted away. */
  readonly marks: number
  /** Nowhere, though their raw rows or errors may have expired. */
  readonly expired: number
  /** Nowhere. */
  readonly missing: number
}

export interface Unchecked {
  /** `raw_expired`, `raw_gap`: windows without their raw rows; `offsets_gone`: messages that the log has no more; `former_topic`: numbers of a topic that was removed. */
  readonly what: 'raw_expired' | 'raw_gap' | 'offsets_gone' | 'former_topic'
  readonly where: string
  readonly why: string
}

export interface RepairReport {
  readonly dry_run: boolean
  /** Windows that were computed again from raw, or would be. */
  readonly windows: Readonly<Record<'slice' | 'minute' | 'hour', number>>
  /** Days that were forgotten, or would be; they are built of their hours again. */
  readonly days: number
  /** Windows that differ and were left as they are, and why. */
  readonly refused: readonly { readonly where: string; readonly why: string }[]
}

/** One thing that two parts of the system tell differently. */
export interface Difference {
  /** Which comparison failed. */
  readonly check: CheckName
  /** What it is about: `minute 2026-11-23T05:12:00Z, page /pricing`. */
  readonly where: string
  readonly expected: string
  readonly found: string
  /** The kind of difference: what is likely and what to do stands in causes.ts. */
  readonly cause: CauseName
  readonly window?: { readonly level: 'slice' | 'minute' | 'hour'; readonly start_ms: number }
  /** Half-open. */
  readonly offsets?: { readonly partition: number; readonly from: number; readonly until: number }
}

export const CHECKS = {
  gone: 'Every message was read before the log let it go.',
  messages: 'The log has the messages of the ledger, and none beyond those whose acknowledgement never came.',
  repeats: 'Messages that are no page view of their own and no error are the repeats of the ledger.',
  errors: 'processing_errors has what the ledger says was sent invalid, reason by reason.',
  ledger: 'Raw rows are the page views of the ledger, by minute and page.',
  slice: 'The slices that are kept say what raw says.',
  minute: 'The minutes say what raw says.',
  hour: 'The hours say what raw says.',
  minutes_of_hour: 'Where raw has expired, an hour is the sum of its minutes.',
  hours_of_day: 'A day that is read in place of its hours is the sum of them.',
  offsets:
    'Every message that the consumer has passed is in raw, in processing_errors, or repeats one that is.',
} as const satisfies Record<string, string>

export type CheckName = keyof typeof CHECKS

/** Collects differences: all are counted, the first hundred are named; of aggregates every window is kept for a repair. */
export class Differences {
  static readonly named = 100
  readonly list: Difference[] = []
  readonly windows = { slice: new Set<number>(), minute: new Set<number>(), hour: new Set<number>() }
  /** Starts of days that are not the sum of their hours. */
  readonly days = new Set<number>()
  /** Minutes in which raw itself has less than the ledger: computing aggregates from it would make the loss final. */
  readonly rawLess = new Set<number>()
  total = 0

  add(difference: Difference): void {
    this.total++
    const { check, window } = difference
    if (window && (check === 'slice' || check === 'minute' || check === 'hour')) {
      this.windows[check].add(window.start_ms)
    }
    if (difference.cause === 'raw_less' && window) this.rawLess.add(window.start_ms)
    if (this.list.length < Differences.named) this.list.push(difference)
  }

  /** Counts what differs as well and is not told one by one. */
  addUnnamed(more: number): void {
    this.total += more
  }
}
