/** The middle one of some numbers, or between the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Median and range, as text. */
export function spread(numbers: readonly number[], write: (n: number) => string): string {
  const low = Math.min(...numbers)
  const high = Math.max(...numbers)
  return numbers.length === 1
    ? write(numbers[0]!)
    : `${write(median(numbers))} (${write(low)} to ${write(high)})`
}

/**
 * A quantile out of a Prometheus histogram, by linear interpolation within its bucket, as histogram_quantile() does.
 *
 * @param buckets upper bounds and cumulative counts, ascending
 */
export function histogramQuantile(q: number, buckets: readonly { le: number; count: number }[]): number {
  const total = buckets.at(-1)?.count ?? 0
  const rank = q * total
  let below = { le: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.le === Number.POSITIVE_INFINITY) return below.le
      const share = (rank - below.count) / Math.max(1, bucket.count - below.count)
      return below.le + (bucket.le - below.le) * share
    }
    below = bucket
  }
  return below.le
}

/** The buckets of a histogram in Prometheus' text format. */
export function bucketsOf(text: string, metric: string): { le: number; count: number }[] {
  return [...text.matchAll(new RegExp(`^${metric}_bucket\\{.*?le="([^"]+)".*?\\} (\\S+)$`, 'gm'))].map(
    (match) => ({
      le: match[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[1]),
      count: Number(match[2]),
    }),
  )
}

/**
 * A quantile of some numbers: the smallest of them that so large a share is not above (nearest rank).
 *
 * @param sorted ascending, at least one
 * @param q from 0 to 1
 */
export function quantile(sorted: readonly number[] | Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!
}
