/**
 * What most likely lies behind each kind of difference, and what to do. An audit sees what differs and not why, so these are what
 * to look at first.
 */
export const CAUSES = {
  /** What was gone from the log before it was read. */
  log_gone: {
    cause:
      'Messages were deleted from the log before they were read (retention, deleted records), or the topic was removed and made again.',
    remedy:
      'They are lost. Send them again where they came from, and make retention longer than your longest outage.',
  },
  /** The log has another number of messages than was acknowledged. */
  log_other: {
    cause:
      'Something that keeps no ledger sends to the topic, or the topic or the ledger was deleted and made again.',
    remedy:
      'If others send to the topic, this and the comparisons with the ledger say nothing; the other checks do.',
  },
  /** processing_errors does not have what was sent invalid. */
  errors_other: {
    cause: 'Rows of processing_errors were deleted or expired, or another program sent invalid messages.',
    remedy:
      'See whether --offsets names messages that are in neither table; `millrace dead-letters list` shows the rest.',
  },
  /** What is in the log and in no table of its own is not as much as was sent twice. */
  repeats_other: {
    cause: 'Raw rows or errors are missing or too many; the other differences say which.',
    remedy: 'Read the differences of the ledger and of the offsets.',
  },
  /** Raw has less than the ledger. */
  raw_less: {
    cause:
      'Rows of page_views_raw were deleted, a part of the table was lost, or messages were lost from the log before they were read.',
    remedy:
      'Raw is never mended here. Restore it from a backup, or let a consumer with a new group read the log again: rows that are there stay one row.',
  },
  /** Raw has more than the ledger. */
  raw_more: {
    cause:
      'Events came from a sender that keeps no ledger here, the ledger was lost, or an event was sent with two payloads.',
    remedy: 'See which sender has the page; a conflict is listed with its key.',
  },
  /** As many views, other numbers. */
  raw_other: {
    cause: 'Rows of page_views_raw were changed, or one key came with two payloads.',
    remedy: 'See the conflicts; otherwise restore the rows from a backup.',
  },
  /** A window or key has no aggregate though raw has events. */
  aggregate_missing: {
    cause:
      'Rows of the aggregate were deleted or lost, or events were written to raw by something that does not mark windows.',
    remedy: 'millrace verify --repair computes the window again from raw.',
  },
  /** The aggregate has less than raw. */
  aggregate_less: {
    cause:
      'Raw rows were written by something that does not mark windows (an INSERT by hand), or the aggregate was changed.',
    remedy: 'millrace verify --repair computes the window again from raw.',
  },
  /** The aggregate has more than raw. */
  aggregate_more: {
    cause: 'Raw rows were deleted after they had been counted, or the aggregate was changed by hand.',
    remedy:
      'If raw agrees with the ledger, millrace verify --repair; if not, restore raw first, or the repair makes its loss final.',
  },
  /** Messages that the consumer has passed are nowhere. */
  offsets_missing: {
    cause:
      'Raw rows or errors were deleted after they had been written, a part of a table was lost, or positions were committed by another program.',
    remedy:
      'While the log still has them: read it again with a consumer of a new group. Rows that are there stay one row.',
  },
  /** An hour is not the sum of its minutes, where raw has expired. */
  hour_not_minutes: {
    cause: 'One of the two was changed or lost after raw had expired.',
    remedy: 'It cannot be computed again: raw is gone. Compare with a backup.',
  },
  /** A day is not the sum of its hours. */
  day_not_hours: {
    cause: 'Rows of one of the two were changed or deleted by hand.',
    remedy:
      'millrace verify --repair forgets the day: its hours are read until it is built again, within minutes.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type CauseName = keyof typeof CAUSES
