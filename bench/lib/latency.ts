import { quantile } from './statistics.ts'

/** How many events could be seen when: ascending in both. */
export type Seen = readonly { readonly atMs: number; readonly count: number }[]

/** Events came at a steady rate: event n was due n / rate after the beginning, whether or not anybody was ready for it. */
export interface Schedule {
  readonly beganMs: number
  /** Events a second. */
  readonly rate: number
}

/**
 * How long after it was due each event could be seen, in milliseconds, ascending. Counted from when an event was due and not from when it
 * was sent, so that a system that stalls, and has everything wait, does not hide it ("coordinated omission", Gil Tene).
 *
 * The n-th event counts as seen when n + 1 can be. Events that overtake each other change places, which leaves the mean as it is.
 *
 * @param from the first event that counts; those before it are warming up
 * @param until behind the last one
 * @returns Infinity for events that were never seen
 */
export function latenciesOf(
  seen: Seen,
  { beganMs, rate }: Schedule,
  from: number,
  until: number,
): Float64Array {
  const latencies = new Float64Array(Math.max(0, until - from))
  let look = 0
  for (let n = from; n < until; n++) {
    while (look < seen.length && seen[look]!.count <= n) look += 1
    const atMs = seen[look]?.atMs ?? Number.POSITIVE_INFINITY
    latencies[n - from] = atMs - (beganMs + (n / rate) * 1_000)
  }
  return latencies.sort()
}

/** Points of the curve that says which share of events, in percent, could be seen within how many seconds. */
export function distributionOf(latencies: Float64Array, points = 100): [seconds: number, percent: number][] {
  const curve: [number, number][] = []
  for (let i = 0; i <= points; i++) curve.push([quantile(latencies, i / points) / 1_000, (100 * i) / points])
  return curve.filter(([seconds]) => Number.isFinite(seconds))
}
