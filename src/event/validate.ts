import type { Fields } from './decode.ts'
import { isAddress } from './ip-address.ts'
import { type Outcome, ok, type Reject, type RejectReason, reject } from './outcome.ts'
import { LIMITS, type PageView } from './page-view.ts'
import { quote } from './quote.ts'
import { parseTimestamp } from './timestamp.ts'

/** Between which times an event is taken. */
export interface ValidationLimits {
  /** Now, in milliseconds since the epoch. */
  readonly nowMs: number
  /** Events older than this are `too_late`; null takes any age. */
  readonly maxAgeMs: number | null
  /** Events further ahead than this are `in_future`. */
  readonly maxFutureMs: number
}

/** The first moment that ClickHouse's DateTime can hold, and the one after the last. */
const EPOCH_MS = 0
const END_OF_DATETIME_MS = 2 ** 32 * 1_000

/**
 * The page view that an object is, if every field is what it must be. Unknown fields are ignored; an optional
 * field that is null counts as missing. The first field that is wrong gives the reason.
 */
export function validate(fields: Fields, limits: ValidationLimits): Outcome<PageView> {
  const pageId = requiredText(fields, 'page_id', LIMITS.pageIdBytes, 'empty_page_id')
  if (!pageId.ok) return pageId
  const userId = requiredText(fields, 'user_id', LIMITS.userIdBytes, 'empty_user_id')
  if (!userId.ok) return userId
  const durationMs = duration(fields.view_duration_ms)
  if (!durationMs.ok) return durationMs
  const timestampMs = timestamp(fields.timestamp, limits)
  if (!timestampMs.ok) return timestampMs
  const userAgent = optionalText(fields, 'user_agent', LIMITS.userAgentBytes)
  if (!userAgent.ok) return userAgent
  const ipAddress = address(fields.ip_address)
  if (!ipAddress.ok) return ipAddress
  const region = optionalText(fields, 'region', LIMITS.regionBytes)
  if (!region.ok) return region
  const isBounce = fields.is_bounce
  if (typeof isBounce !== 'boolean') return missingOrWrong('is_bounce', isBounce, 'true or false')
  return ok({
    pageId: pageId.value,
    userId: userId.value,
    durationMs: durationMs.value,
    timestampMs: timestampMs.value,
    userAgent: userAgent.value,
    ipAddress: ipAddress.value,
    region: region.value,
    isBounce,
  })
}

function requiredText(
  fields: Fields,
  name: string,
  maxBytes: number,
  whenEmpty: RejectReason,
): Outcome<string> {
  const value = fields[name]
  if (typeof value !== 'string') return missingOrWrong(name, value, 'text')
  if (value === '') return reject(whenEmpty, `${name} is empty`)
  return withinLimit(name, value, maxBytes)
}

function optionalText(fields: Fields, name: string, maxBytes: number): Outcome<string> {
  const value = fields[name] ?? ''
  if (typeof value !== 'string') return missingOrWrong(name, value, 'text')
  return withinLimit(name, value, maxBytes)
}

function withinLimit(name: string, value: string, maxBytes: number): Outcome<string> {
  // Half a surrogate pair can be written in JSON and has no UTF-8: it would be stored as something else.
  if (!value.isWellFormed()) return reject('wrong_type', `${name} is no valid Unicode text`)
  const bytes = Buffer.byteLength(value)
  if (bytes > maxBytes) return reject('field_too_long', `${name} has ${bytes} bytes, more than ${maxBytes}`)
  return ok(value)
}

function duration(value: unknown): Outcome<number> {
  if (typeof value !== 'number') return missingOrWrong('view_duration_ms', value, 'a number')
  if (value < 0) return reject('negative_duration', `view_duration_ms is ${value}`)
  if (!Number.isInteger(value) || value > LIMITS.durationMs) {
    return reject(
      'absurd_duration',
      `view_duration_ms is ${value}: allowed are whole numbers up to ${LIMITS.durationMs}`,
    )
  }
  return ok(value)
}

function timestamp(value: unknown, limits: ValidationLimits): Outcome<number> {
  if (typeof value !== 'string') return missingOrWrong('timestamp', value, 'text')
  const time = parseTimestamp(value)
  if (time === undefined || time < EPOCH_MS || time >= END_OF_DATETIME_MS) {
    return reject('bad_timestamp', `timestamp is ${quote(value)}`)
  }
  if (limits.maxAgeMs !== null && time < limits.nowMs - limits.maxAgeMs) {
    return { ...reject('too_late', `timestamp is ${value}, older than raw rows are kept`), timestampMs: time }
  }
  if (time > limits.nowMs + limits.maxFutureMs) {
    const detail = `timestamp is ${value}, more than ${limits.maxFutureMs / 1_000} s ahead`
    return { ...reject('in_future', detail), timestampMs: time }
  }
  return ok(time)
}

function address(value: unknown): Outcome<string> {
  if (value === undefined || value === null || value === '') return ok('')
  if (typeof value !== 'string') return missingOrWrong('ip_address', value, 'text')
  return isAddress(value) ? ok(value) : reject('bad_ip_address', `ip_address is ${quote(value)}`)
}

function missingOrWrong(name: string, value: unknown, expected: string): Reject {
  return value === undefined || value === null
    ? reject('missing_field', `${name} is missing`)
    : reject('wrong_type', `${name} is ${quote(value)}, and must be ${expected}`)
}
