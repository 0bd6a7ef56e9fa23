const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})$/

/**
 * The moment that a date and time of ISO 8601 with a time zone names, in milliseconds since the epoch; finer digits are cut
 * off. Undefined for everything else: Date.parse takes far more, and reads what has no zone as local time.
 */
export function parseTimestamp(text: string): number | undefined {
  return parseUtcMillis(text) ?? parseAny(text)
}

/**
 * The form that Date.toISOString() writes, `2026-11-23T05:12:44.120Z`: nearly every event has it, and reading its digits takes a tenth
 * of the time. Undefined for every other form, and for what the calendar does not have.
 */
function parseUtcMillis(text: string): number | undefined {
  if (text.length !== 24 || text.charCodeAt(23) !== 90) return undefined
  for (const [at, character] of SEPARATORS) if (text.charCodeAt(at) !== character) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  const millisecond = digits(text, 20, 3)
  // A comparison with NaN is false: what is no digit ends here as well.
  const valid = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
  if (!valid || !(hour <= 23 && minute <= 59 && second <= 59 && millisecond <= 999)) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
}

const SEPARATORS: readonly (readonly [at: number, character: number])[] = [
  [4, 45],
  [7, 45],
  [10, 84],
  [13, 58],
  [16, 58],
  [19, 46],
]

function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function parseAny(text: string): number | undefined {
  const match = ISO_8601.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59) return undefined
  const offset = offsetMinutes(zone!)
  if (offset === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(y, mo - 1, d)
  date.setUTCHours(h, mi - offset, s, Number(fraction.padEnd(3, '0').slice(0, 3)))
  return date.getTime()
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** How far a zone is ahead of UTC; undefined when there is no such zone (more than 14 hours, or 60 minutes). */
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
