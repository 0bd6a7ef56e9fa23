import { isUtf8 } from 'node:buffer'
import { NOT_THIS, readAddress } from './address-reader.ts'
import { LIMITS } from './page-view.ts'
import { OVERREAD, type PageViewBytes, type TextBytes, wordsOf } from './page-view-bytes.ts'
import { FIRST_HASH, FIRST_HASH2, finishHash, firstBytes, hashStep, hashStep2 } from './text-hash.ts'
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
const NAMES: readonly Word[] = FIELDS.map((name) => wordOf(`"${name}":`))
const REQUIRED = (1 << PAGE_ID) | (1 << USER_ID) | (1 << DURATION) | (1 << TIMESTAMP) | (1 << IS_BOUNCE)

const [QUOTE, COMMA, HYPHEN, DOT, ZERO, NINE, COLON, T, Z, BACKSLASH, OPEN, CLOSE] = [
  ...Buffer.from('",-.09:TZ\\{}'),
] as [number, number, number, number, number, number, number, number, number, number, number, number]
const TRUE = wordOf('true')
const FALSE = wordOf('false')

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
  /** The end of the message. */
  #end = 0
  /** Bits of all bytes of texts: whether one was beyond ASCII. Only then is there something to check. */
  #bits = 0
  #bytes: Buffer = NO_BYTES
  #words = wordsOf(NO_BYTES)

  /**
   * @param into is filled, and of no use when the answer is false
   * @returns whether the bytes are an event of the usual form that is valid
   */
  read(bytes: Buffer, start: number, end: number, limits: ValidationLimits, into: PageViewBytes): boolean {
    if (end - start > LIMITS.messageBytes || bytes[start] !== OPEN) return false
    if (bytes.length - end < OVERREAD) {
      into.copy(bytes, start, end)
      return this.#read(into.bytes, into.words, 0, end - start, limits, into)
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#words = wordsOf(bytes)
    }
    return this.#read(bytes, this.#words, start, end, limits, into)
  }

  /** The same, where OVERREAD bytes follow. */
  #read(
    bytes: Buffer,
    words: DataView,
    start: number,
    end: number,
    limits: ValidationLimits,
    into: PageViewBytes,
  ): boolean {
    into.bytes = bytes
    into.words = words
    into.userAgent.clear()
    into.region.clear()
    into.ipAddress.fill(0)
    this.#bits = 0
    this.#end = end
    let seen = 0
    let expected = 0
    let at = start + 1
    // A value that was read beyond the end belongs to another message, and so does a name.
    while (at < end) {
      const field = fieldAt(words, at, expected)
      if (field === NOT_THIS || (seen & (1 << field)) !== 0) return false
      seen |= 1 << field
      expected = field + 1
      at = this.#readValue(field, bytes, at + NAMES[field]!.length, into)
      if (at === NOT_THIS) return false
      const next = bytes[at]
      at += 1
      if (next === COMMA) continue
      if (next !== CLOSE) return false
      if (at !== end || (seen & REQUIRED) !== REQUIRED || !isWithinLimits(into, limits)) return false
      return (this.#bits & BEYOND_ASCII) === 0 || isUtf8(bytes.subarray(start, end))
    }
    return false
  }

  /** @returns where the value ends, or NOT_THIS */
  #readValue(field: number, bytes: Buffer, at: number, into: PageViewBytes): number {
    switch (field) {
      case PAGE_ID:
        return this.#readText(bytes, at, into.pageId, into.words)
      case USER_ID:
        return this.#readText(bytes, at, into.userId, into.words)
      case USER_AGENT:
        return this.#readText(bytes, at, into.userAgent, into.words)
      case REGION:
        return this.#readText(bytes, at, into.region, into.words)
      case DURATION:
        return readDuration(bytes, at, into)
      case TIMESTAMP:
        return readTimestamp(bytes, at, into)
      case IP_ADDRESS:
        return readAddress(bytes, at, into.ipAddress)
      default:
        return readBounce(at, into)
    }
  }

  #readText(bytes: Buffer, at: number, text: TextBytes, words: DataView): number {
    if (bytes[at] !== QUOTE) return NOT_THIS
    const start = at + 1
    let hash = FIRST_HASH
    let hash2 = FIRST_HASH2
    for (let i = start; i < this.#end; i += 4) {
      const word = words.getInt32(i, true)
      const ends = endOfText(word)
      if (ends === 4) {
        this.#bits |= word
        hash = hashStep(hash, word)
        hash2 = hashStep2(hash2, word)
        continue
      }
      const end = i + ends
      if (bytes[end] !== QUOTE) return NOT_THIS
      const rest = firstBytes(word, ends)
      this.#bits |= rest
      text.start = start
      text.end = end
      text.hash = finishHash(hashStep(hash, rest), end - start)
      text.hash2 = finishHash(hashStep2(hash2, rest), end - start)
      return end + 1
    }
    return NOT_THIS
  }
}

const NO_BYTES = Buffer.alloc(0)

/** Bytes of a word, all four of them. */
const [LOW_BITS, BEYOND_ASCII] = [0x01010101, 0x80808080 | 0]
const [QUOTES, BACKSLASHES, SPACES] = [QUOTE, BACKSLASH, 32].map((byte) => byte * LOW_BITS) as [
  number,
  number,
  number,
]

/**
 * Which byte of four ends a text or is not usual in it: a quote, a backslash, a control character; 4 when none does. The lowest bit of each
 * mask is right, those above it need not be (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord, #HasLessInWord).
 */
function endOfText(word: number): number {
  const quote = word ^ QUOTES
  const backslash = word ^ BACKSLASHES
  const found =
    (((quote - LOW_BITS) & ~quote) | ((backslash - LOW_BITS) & ~backslash) | ((word - SPACES) & ~word)) &
    BEYOND_ASCII
  return found === 0 ? 4 : (31 - Math.clz32(found & -found)) >>> 3
}

/** Which field's name stands there. Most often it is the expected one. */
function fieldAt(words: DataView, at: number, expected: number): number {
  for (let k = 0; k < FIELDS.length; k++) {
    const field = (expected + k) & 7
    if (standsAt(NAMES[field]!, words, at)) return field
  }
  return NOT_THIS
}

/** A text to be compared four bytes at a time; the last ones are those that a mask leaves. */
interface Word {
  readonly length: number
  readonly whole: Int32Array
  readonly rest: number
  readonly mask: number
}

function wordOf(text: string): Word {
  const bytes = Buffer.from(text)
  const whole = Int32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readInt32LE(4 * i))
  const left = bytes.length & 3
  const rest = left === 0 ? 0 : bytes.readIntLE(bytes.length - left, left)
  const mask = ~(-1 << (8 * left))
  return { length: bytes.length, whole, rest: rest & mask, mask }
}

function standsAt({ whole, rest, mask }: Word, words: DataView, at: number): boolean {
  let i = 0
  for (; i < whole.length; i++) if (words.getInt32(at + 4 * i, true) !== whole[i]) return false
  return (words.getInt32(at + 4 * i, true) & mask) === rest
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

function readBounce(at: number, into: PageViewBytes): number {
  if (standsAt(TRUE, into.words, at)) {
    into.isBounce = true
    return at + TRUE.length
  }
  if (standsAt(FALSE, into.words, at)) {
    into.isBounce = false
    return at + FALSE.length
  }
  return NOT_THIS
}
