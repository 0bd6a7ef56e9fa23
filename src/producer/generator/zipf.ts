import type { Random } from '../../random.ts'

/**
 * Ranks whose probability falls with their place, as pages' popularity does: rank k of n has the weight 1 / k^s
 * (Zipf's law; Breslau et al., "Web Caching and Zipf-like Distributions", 1999, found s from 0.64 to 0.83 for requests).
 */
export class Zipf {
  /** For each rank the probability of it and all before. */
  readonly #cumulative: Float64Array

  constructor(ranks: number, exponent: number) {
    const weights = Float64Array.from({ length: ranks }, (_, i) => 1 / (i + 1) ** exponent)
    const sum = weights.reduce((a, b) => a + b, 0)
    let before = 0
    this.#cumulative = weights.map((weight) => {
      before += weight / sum
      return before
    })
  }

  /** A rank from 0. */
  next(random: Random): number {
    const x = random.next()
    let low = 0
    let high = this.#cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#cumulative[middle]! > x) high = middle
      else low = middle + 1
    }
    return low
  }
}
