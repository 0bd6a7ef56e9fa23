/** What an audit found. Every number is named, so that `--json` reads like the text. */
export interface VerifyReport {
  /** Whether log, ledger, raw rows and every level of aggregates agree. */
  readonly agrees: boolean
  /** When the audit began, ISO 8601. */
  readonly began_at: string
  readonly took_ms: number
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

/** One thing that two parts of the system tell differently. */
export interface Difference {
  /** Which comparison failed. */
  readonly check: CheckName
  /** What it is about: `minute 2026-11-23T05:12:00Z, page /pricing`. */
  readonly where: string
  readonly expected: string
  readonly found: string
}

export const CHECKS = {
  consumed: 'The consumer has read the log to its end.',
  gone: 'Every message was read before the log let it go.',
  rolled_up: 'No window is waiting for the roll-up.',
  messages: 'The log has the messages of the ledger, and none beyond those whose acknowledgement never came.',
  repeats: 'Messages that are no page view of their own and no error are the repeats of the ledger.',
  errors: 'processing_errors has what the ledger says was sent invalid, reason by reason.',
  ledger: 'Raw rows are the page views of the ledger, by minute and page.',
  slice: 'The slices that are kept say what raw says.',
  minute: 'The minutes say what raw says.',
  hour: 'The hours say what raw says.',
} as const satisfies Record<string, string>

export type CheckName = keyof typeof CHECKS

/** Collects differences: all are counted, the first hundred are named. */
export class Differences {
  static readonly named = 100
  readonly list: Difference[] = []
  total = 0

  add(difference: Difference): void {
    this.total++
    if (this.list.length < Differences.named) this.list.push(difference)
  }
}
