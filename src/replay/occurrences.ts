import { hash } from 'node:crypto'

/** Different lines of one generation; two of them take some 60 MB. */
const GENERATION = 250_000

/**
 * Counts which occurrence of its bytes a line is, in bounded memory: exact for lines that are not further apart than 250,000 different
 * page views. Equal lines carry the same second, so in a log they stand close to each other.
 */
export class Occurrences {
  readonly #generation: number
  #younger = new Map<string, number>()
  #older = new Map<string, number>()

  constructor(generation = GENERATION) {
    this.#generation = generation
  }

  /** From 1. */
  count(line: Buffer): number {
    const name = hash('sha256', line, 'base64')
    const occurrence = (this.#younger.get(name) ?? this.#older.get(name) ?? 0) + 1
    this.#younger.set(name, occurrence)
    if (this.#younger.size >= this.#generation) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    return occurrence
  }
}
