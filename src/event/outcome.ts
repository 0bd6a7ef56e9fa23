/**
 * Why a message is no page view. The code is what `processing_errors.error_reason`, the metrics and the
 * ledger hold; the sentence is for people and for the documentation.
 */
export const REJECT_REASONS = {
  empty_message: 'The message has no value, or an empty one.',
  message_too_large: 'The message is larger than the limit.',
  broken_json: 'The value is not JSON in valid UTF-8.',
  not_an_object: 'The value is JSON, but not an object.',
  missing_field: 'A field that every page view has is missing.',
  wrong_type: 'A field has a value of another type.',
  empty_page_id: 'page_id is empty.',
  empty_user_id: 'user_id is empty.',
  negative_duration: 'view_duration_ms is below zero.',
  absurd_duration: 'view_duration_ms is longer than a day, or no whole number.',
  bad_timestamp: 'timestamp is no date and time of ISO 8601 with a time zone.',
  bad_ip_address: 'ip_address is neither an IPv4 nor an IPv6 address.',
  field_too_long: 'A field is longer than its limit.',
  too_late: 'The event is older than raw rows are kept, so its window must not be computed again.',
  in_future: 'The event is further in the future than clocks may differ.',
} as const satisfies Record<string, string>

export type RejectReason = keyof typeof REJECT_REASONS

/** A step's answer: it goes on with a value, or it rejects the message with a reason. Steps do not throw. */
export type Outcome<T> = Ok<T> | Reject

export interface Ok<T> {
  readonly ok: true
  readonly value: T
}

export interface Reject {
  readonly ok: false
  readonly reason: RejectReason
  /** A sentence for people that names the field and its value, shortened where it is long. */
  readonly detail: string
  /** When it says that it happened, in milliseconds since the epoch; with `too_late` and `in_future` only. */
  readonly timestampMs?: number
}

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

export function reject(reason: RejectReason, detail: string): Reject {
  return { ok: false, reason, detail }
}
