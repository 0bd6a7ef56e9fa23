/** The largest of the numbers seen within a while, 0 at least: what would be over before somebody looks. */
export class LargestOfLate {
  readonly #forMs: number
  readonly #monotonic: () => number
  #largest = 0
  #seenAt = Number.NEGATIVE_INFINITY

  /** @param monotonic milliseconds that only rise */
  constructor(forMs: number, monotonic: () => number) {
    this.#forMs = forMs
    this.#monotonic = monotonic
  }

  see(value: number): void {
    if (value < this.value) return
    this.#largest = value
    this.#seenAt = this.#monotonic()
  }

  get value(): number {
    return this.#monotonic() - this.#seenAt <= this.#forMs ? this.#largest : 0
  }
}
