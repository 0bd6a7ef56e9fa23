const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * How old an event may be, in milliseconds, so that every aggregate window it lies in can still be computed from complete raw
 * rows; null takes any age.
 *
 * The longest window is an hour, which may have begun an hour before the event. The margin is the time that the
 * roll-up may take to get to it.
 *
 * @param rawTtlDays how long raw rows are kept; 0 for ever
 */
export function maxEventAge(rawTtlDays: number, marginMs: number): number | null {
  return rawTtlDays === 0 ? null : rawTtlDays * DAY_MS - HOUR_MS - marginMs
}
