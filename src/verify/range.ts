import { MillraceError } from '../errors.ts'
import type { Retention, TableRetention } from '../store/retention.ts'

/** Half-open, in milliseconds since the epoch. */
export interface TimeRange {
  readonly fromMs: number
  readonly untilMs: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** ClickHouse's DateTime ends in 2106. */
const END_OF_TIME_MS = Math.floor(0xffff_ffff / 3_600) * HOUR_MS

export const ALL_TIME: TimeRange = { fromMs: 0, untilMs: END_OF_TIME_MS }

/** Slices of the last hours are kept; what is older than this may be gone or left to the level above. */
const SLICES_COMPARED_MS = HOUR_MS

export function isAllTime({ fromMs, untilMs }: TimeRange): boolean {
  return fromMs <= ALL_TIME.fromMs && untilMs >= ALL_TIME.untilMs
}

/** The same range in whole hours: a part of an hour can't be compared with an hour. */
export function wholeHours({ fromMs, untilMs }: TimeRange): TimeRange {
  return {
    fromMs: Math.max(0, Math.floor(fromMs / HOUR_MS) * HOUR_MS),
    untilMs: Math.min(END_OF_TIME_MS, Math.ceil(untilMs / HOUR_MS) * HOUR_MS),
  }
}

/**
 * A range from `--from`, `--to` and `--hours`.
 *
 * @throws MillraceError `invalid_setting`
 */
export function rangeFrom(
  given: { readonly from?: string; readonly to?: string; readonly hours?: string },
  nowMs: number,
): TimeRange {
  const { from, to, hours } = given
  if (hours !== undefined) {
    if (from !== undefined || to !== undefined)
      throw refused('--hours', hours, 'Give --hours, or --from and --to.')
    if (!/^\d+$/.test(hours) || Number(hours) < 1)
      throw refused('--hours', hours, 'Give a whole number of hours, 1 or more.')
    return wholeHours({ fromMs: nowMs - Number(hours) * HOUR_MS, untilMs: END_OF_TIME_MS })
  }
  const range = {
    fromMs: from === undefined ? 0 : momentOf('--from', from),
    untilMs: to === undefined ? END_OF_TIME_MS : momentOf('--to', to),
  }
  if (range.untilMs <= range.fromMs) throw refused('--to', to ?? '', 'It must be later than --from.')
  return wholeHours(range)
}

function momentOf(flag: string, text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms) || ms < 0)
    throw refused(flag, text, 'Give a time in ISO 8601, such as 2026-11-23T05:00:00Z.')
  return ms
}

function refused(flag: string, value: string, hint: string): MillraceError {
  return new MillraceError('invalid_setting', `${flag}: "${value}" is not allowed`, { hint })
}

/** From when on the rows of a table are certainly all there, as far as its TTL goes: a day is dropped as a whole. */
export function keptFrom({ keepMs }: TableRetention, nowMs: number): number {
  return keepMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil((nowMs - keepMs) / DAY_MS + 1) * DAY_MS
}

/** Whether rows of a window may have expired before their TTL was made longer. */
export function inGap({ gaps }: TableRetention, startMs: number, endMs: number): boolean {
  return gaps.some(({ fromMs, untilMs }) => startMs < untilMs && endMs > fromMs)
}

/** From when on each level can be compared with raw. */
export interface Comparable {
  readonly rawFromMs: number
  readonly minutesFromMs: number
  readonly slicesFromMs: number
  readonly retention: Retention
}

export function comparable(retention: Retention, nowMs: number): Comparable {
  return {
    rawFromMs: keptFrom(retention.raw, nowMs),
    minutesFromMs: keptFrom(retention.minute, nowMs),
    slicesFromMs: nowMs - SLICES_COMPARED_MS,
    retention,
  }
}
