// @ts-check
/** Numbers and times as people read them. What is not known is a dash. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const percents = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const roundPercents = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const moments = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

const UNKNOWN = '–'

/** 1234567 → 1,234,567 @param {number | null | undefined} n */
export function count(n) {
  return n == null ? UNKNOWN : whole.format(n)
}

/** For a place with little room: 1234567 → 1.2M @param {number | null | undefined} n */
export function compact(n) {
  if (n == null) return UNKNOWN
  return n < 100_000 ? (n < 100 ? oneDigit : whole).format(n) : short.format(n)
}

/** 1 page, 1,234 pages @param {number} n @param {string} thing */
export function many(n, thing) {
  return `${count(n)} ${thing}${n === 1 ? '' : 's'}`
}

/** @param {number | null | undefined} perSecond */
export function rate(perSecond) {
  return perSecond == null ? UNKNOWN : `${compact(perSecond)}/s`
}

/** 0.1 → 10.0% @param {number | null | undefined} fraction */
export function percent(fraction) {
  return fraction == null ? UNKNOWN : percents.format(fraction)
}

/** For an axis: 0.1 → 10% @param {number} fraction */
export function roundPercent(fraction) {
  return roundPercents.format(fraction)
}

/** 850 ms, 1.2 s, 3m 20s, 2h 5m @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms == null) return UNKNOWN
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${oneDigit.format(ms / 1_000)} s`
  const minutes = Math.floor(Math.round(ms / 1_000) / 60)
  if (minutes < 60) return `${minutes}m ${Math.round(ms / 1_000) % 60}s`
  return `${whole.format(Math.floor(minutes / 60))}h ${minutes % 60}m`
}

/** 17:04:05, by the clock of whoever looks @param {number} ms */
export function time(ms) {
  return clock.format(ms)
}

/** 23 Nov, 17:04 @param {number} ms */
export function moment(ms) {
  return moments.format(ms)
}
