import { isUtf8 } from 'node:buffer'
import { addressWords } from './ip-address.ts'
import { LIMITS } from './page-view.ts'
import {
  FIRST_HASH,
  FIRST_HASH2,
  HASH_PRIME,
  HASH_PRIME2,
  type PageViewBytes,
  type TextBytes,
} from './page-view-bytes.ts'
import type { ValidationLimits } from './validate.ts'

/** The fields of an event, in the order in which they usually stand. */
const FIELDS = [
  'page_id',
  'user_id',
  'view_duration_ms',
  'timestamp',
  'user_agent',
  'ip_address',
  'region',
  'is_bounce',
] as const
const [PAGE_ID, USER_ID, DURATION, TIMESTAMP, USER_AGENT, IP_ADDRESS, REGION, IS_BOUNCE] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const
/** What stands before each field's value. */
const NAMES: readonly Buffer[] = FIELDS.map((name) => Buffer.from(`"${name}":`))
const REQUIRED = (1 << PAGE_ID) | (1 << USER_ID) | (1 << DURATION) | (1 << TIMESTAMP) | (1 << IS_BOUNCE)

const NOT_THIS = -1
const [QUOTE, COMMA, HYPHEN, DOT, ZERO, NINE, COLON, T, Z, BACKSLASH, OPEN, CLOSE] = [
  ...Buffer.from('",-.09:TZ\\{}'),
] as [number, number, number, number, number, number, number, number, number, number, number, number]
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

/** A duration within the limit has at most so many digits. */
const DURATION_DIGITS = String(LIMITS.durationMs).length
const [FIRST_YEAR, LAST_YEAR] = [1970, 2099]
const DAY_MS = 86_400_000

/**
 * Reads the usual event straight from the bytes of a message: decode() and validate() in one, for the form that nearly every message
 * has. That form is JSON without white space, each known field at most once and no others, no escapes, times as
 * Date.toISOString() writes them, and everything within its limits. Of whatever is different it says so, right or wrong, and the
 * message goes the long way, which alone decides and explains. It costs a tenth of the long way, which makes a string and a
 * property of every field.
 *
 * What it takes, the long way takes too, with the same values: test/event/page-view-reader.test.ts compares them.
 */
export class PageViewReader {
  /** Whether a byte beyond ASCII was seen: only then is there something to check. */
  #beyondAscii = false

  /**
   * @param into is filled, and of no use when the answer is false
   * @returns whether the bytes are an event of the usual form that is valid
   */
  read(bytes: Buffer, start: number, end: number, limits: ValidationLimits, into: PageViewBytes): boolean {
    if (end - start > LIMITS.messageBytes || bytes[start] !== OPEN) return false
    this.#beyondAscii = false
    into.bytes = bytes
    into.userAgent.clear()
    into.region.clear()
    into.ipAddress.fill(0)
    let seen = 0
    let expected = 0
    let at = start + 1
    for (;;) {
      const field = fieldAt(bytes, at, expected)
      if (field === NOT_THIS || (seen & (1 << field)) !== 0) return false
      seen |= 1 << field
      expected = field + 1
      at = this.#readValue(field, bytes, at + NAMES[field]!.length, into)
      if (at === NOT_THIS) return false
      const next = bytes[at]
      at += 1
      if (next === COMMA) continue
      if (next === CLOSE) break
      return false
    }
    // A value that was read beyond the end belongs to another message.
    if (at !== end || (seen & REQUIRED) !== REQUIRED || !isWithinLimits(into, limits)) return false
    return !this.#beyondAscii || isUtf8(bytes.subarray(start, end))
  }

  /** @returns where the value ends, or NOT_THIS */
  #readValue(field: number, bytes: Buffer, at: number, into: PageViewBytes): number {
    switch (field) {
      case PAGE_ID:
        return this.#readText(bytes, at, into.pageId)
      case USER_ID:
        return this.#readText(bytes, at, into.userId)
      case USER_AGENT:
        return this.#readText(bytes, at, into.userAgent)
      case REGION:
        return this.#readText(bytes, at, into.region)
      case DURATION:
        return readDuration(bytes, at, into)
      case TIMESTAMP:
        return readTimestamp(bytes, at, into)
      case IP_ADDRESS:
        return readAddress(bytes, at, into)
      default:
        return readBounce(bytes, at, into)
    }
  }

  #readText(bytes: Buffer, at: number, text: TextBytes): number {
    if (bytes[at] !== QUOTE) return NOT_THIS
    let hash = FIRST_HASH
    let hash2 = FIRST_HASH2
    let i = at + 1
    let byte = bytes[i]!
    let all = 0
    // Behind the end of the buffer a byte is undefined, which is not 32 or more.
    while (byte !== QUOTE && byte !== BACKSLASH && byte >= 32) {
      hash = Math.imul(hash ^ byte, HASH_PRIME)
      hash2 = Math.imul(hash2 ^ byte, HASH_PRIME2)
      all |= byte
      i += 1
      byte = bytes[i]!
    }
    if (byte !== QUOTE) return NOT_THIS
    if (all >= 128) this.#beyondAscii = true
    text.start = at + 1
    text.end = i
    text.hash = hash
    text.hash2 = hash2
    return i + 1
  }
}

/** Which field's name stands there. Most often it is the expected one. */
function fieldAt(bytes: Buffer, at: number, expected: number): number {
  for (let k = 0; k < FIELDS.length; k++) {
    const field = (expected + k) & 7
    if (standsAt(NAMES[field]!, bytes, at)) return field
  }
  return NOT_THIS
}

function standsAt(word: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

function isWithinLimits(view: PageViewBytes, { nowMs, maxAgeMs, maxFutureMs }: ValidationLimits): boolean {
  const { pageId, userId, userAgent, region, timestampMs } = view
  return (
    isBetween(pageId.end - pageId.start, 1, LIMITS.pageIdBytes) &&
    isBetween(userId.end - userId.start, 1, LIMITS.userIdBytes) &&
    userAgent.end - userAgent.start <= LIMITS.userAgentBytes &&
    region.end - region.start <= LIMITS.regionBytes &&
    view.durationMs <= LIMITS.durationMs &&
    (maxAgeMs === null || timestampMs >= nowMs - maxAgeMs) &&
    timestampMs <= nowMs + maxFutureMs
  )
}

function isBetween(n: number, least: number, most: number): boolean {
  return n >= least && n <= most
}

/** A whole number without sign, fraction and exponent. */
function readDuration(bytes: Buffer, at: number, into: PageViewBytes): number {
  const first = bytes[at]!
  let value = 0
  let i = at
  for (;;) {
    const digit = bytes[i]! - ZERO
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
    i += 1
  }
  const digits = i - at
  // JSON has no numbers with a zero before them.
  if (digits === 0 || digits > DURATION_DIGITS || (first === ZERO && digits > 1)) return NOT_THIS
  into.durationMs = value
  return i
}

/** `"2026-11-23T05:12:44.120Z"`, with its quotes. */
function readTimestamp(bytes: Buffer, at: number, into: PageViewBytes): number {
  const separated =
    bytes[at] === QUOTE &&
    bytes[at + 5] === HYPHEN &&
    bytes[at + 8] === HYPHEN &&
    bytes[at + 11] === T &&
    bytes[at + 14] === COLON &&
    bytes[at + 17] === COLON &&
    bytes[at + 20] === DOT &&
    bytes[at + 24] === Z &&
    bytes[at + 25] === QUOTE
  if (!separated) return NOT_THIS
  const year = 100 * twoDigits(bytes, at + 1) + twoDigits(bytes, at + 3)
  const month = twoDigits(bytes, at + 6)
  const day = twoDigits(bytes, at + 9)
  const hour = twoDigits(bytes, at + 12)
  const minute = twoDigits(bytes, at + 15)
  const second = twoDigits(bytes, at + 18)
  const millisecond = 10 * twoDigits(bytes, at + 21) + (bytes[at + 23]! - ZERO)
  // Comparisons with NaN are false: what is no digit ends here as well.
  const valid =
    isBetween(year, FIRST_YEAR, LAST_YEAR) &&
    isBetween(month, 1, 12) &&
    isBetween(day, 1, daysIn(year, month)) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    isBetween(bytes[at + 23]!, ZERO, NINE) &&
    millisecond <= 999
  if (!valid) return NOT_THIS
  into.timestampMs =
    daysSinceEpoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + millisecond
  return at + 26
}

function twoDigits(bytes: Buffer, at: number): number {
  const tens = bytes[at]! - ZERO
  const ones = bytes[at + 1]! - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Days from 1970-01-01 to a date from then on (days_from_civil in https://howardhinnant.github.io/date_algorithms.html). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** An address with its quotes: IPv4 from its digits, everything else as text. */
function readAddress(bytes: Buffer, at: number, into: PageViewBytes): number {
  if (bytes[at] !== QUOTE) return NOT_THIS
  let packed = 0
  let i = at + 1
  for (let part = 0; part < 4; part++) {
    const begin = i
    let value = 0
    for (;;) {
      const digit = bytes[i]! - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      i += 1
    }
    const digits = i - begin
    const isNumber = digits > 0 && digits <= 3 && value <= 255 && (digits === 1 || bytes[begin] !== ZERO)
    if (!isNumber || bytes[i] !== (part < 3 ? DOT : QUOTE)) return readOtherAddress(bytes, at + 1, into)
    packed |= value << (8 * part)
    i += 1
  }
  into.ipAddress[2] = MAPPED
  into.ipAddress[3] = packed
  return i
}

/** The third word of ::ffff:a.b.c.d. */
const MAPPED = 0xffff0000
const LONGEST_ADDRESS = 45

function readOtherAddress(bytes: Buffer, start: number, into: PageViewBytes): number {
  let end = start
  while (end - start <= LONGEST_ADDRESS && bytes[end] !== QUOTE) end += 1
  if (bytes[end] !== QUOTE) return NOT_THIS
  const words = addressWords(bytes.toString('latin1', start, end))
  if (words === undefined) return NOT_THIS
  into.ipAddress.set(words)
  return end + 1
}

function readBounce(bytes: Buffer, at: number, into: PageViewBytes): number {
  if (standsAt(TRUE, bytes, at)) {
    into.isBounce = true
    return at + TRUE.length
  }
  if (standsAt(FALSE, bytes, at)) {
    into.isBounce = false
    return at + FALSE.length
  }
  return NOT_THIS
}
