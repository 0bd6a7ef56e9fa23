import { createHash } from 'node:crypto'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** Random numbers that come from a seed: the same seed gives the same numbers in the same order. */
export class Random {
  readonly #generator

  constructor(seed: number) {
    // Hashed, since a generator begins alike with seeds that are alike: 7 for the events and 8 for their partitions would go together.
    const state = new Int32Array(createHash('sha256').update(String(seed)).digest().buffer.slice(0, 16))
    this.#generator = xoroshiro128plusFromState([...state])
  }

  /** 32 random bits, as a whole number from 0 up to 2^32. */
  bits(): number {
    return this.#generator.next() >>> 0
  }

  /** A number from 0 up to 1. */
  next(): number {
    return this.bits() / 2 ** 32
  }

  /** A whole number from 0 up to `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** A number from `low` up to `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** A number from the normal distribution with mean 0 and deviation 1 (Box and Muller, 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }
}
