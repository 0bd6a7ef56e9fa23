import type { Random } from '../../random.ts'

/**
 * Ranks whose probability falls with their place, as pages' popularity does: rank k of n has the weight 1 / k^s
 * (Zipf's law; Breslau et al., "Web Caching and Zipf-like Distributions", 1999, found s from 0.64 to 0.83 for requests).
 */
export class Zipf {
  /** For each rank the probability of it and all before. */
  readonly #cumulative: Float64Array
  /**
   * The range from 0 to 1 in as many equal parts as there are ranks, and for each part the first rank that a number in it can mean: from there
   * it is a step or two, where a binary search takes ten that no processor can foresee (Chen and Asau, 1974).
   */
  readonly #guide: Uint32Array

  constructor(ranks: number, exponent: number) {
    const weights = Float64Array.from({ length: ranks }, (_, i) => 1 / (i + 1) ** exponent)
    const sum = weights.reduce((a, b) => a + b, 0)
    let before = 0
    this.#cumulative = weights.map((weight) => {
      before += weight / sum
      return before
    })
    let rank = 0
    this.#guide = Uint32Array.from({ length: ranks }, (_, part) => {
      while (rank < ranks - 1 && this.#cumulative[rank]! <= part / ranks) rank += 1
      return rank
    })
  }

  /** A rank from 0. */
  next(random: Random): number {
    const x = random.next()
    const last = this.#cumulative.length - 1
    let rank = this.#guide[Math.floor(x * this.#guide.length)]!
    while (rank < last && this.#cumulative[rank]! <= x) rank += 1
    return rank
  }
}
