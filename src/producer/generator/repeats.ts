import type { Random } from '../../random.ts'

/** The last messages, a bounded number of them and none too old, to choose one from that is sent again. */
export class Repeats<T extends { readonly timestampMs: number }> {
  readonly #capacity: number
  readonly #recent: T[] = []
  /** Where the oldest is, and how many there are from there on. */
  #first = 0
  #size = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  remember(message: T): void {
    this.#recent[(this.#first + this.#size) % this.#capacity] = message
    if (this.#size < this.#capacity) this.#size += 1
    else this.#first = (this.#first + 1) % this.#capacity
  }

  /** Messages from before this time are not chosen any more. */
  forgetBefore(timeMs: number): void {
    while (this.#size > 0 && this.#recent[this.#first]!.timestampMs < timeMs) {
      this.#first = (this.#first + 1) % this.#capacity
      this.#size -= 1
    }
  }

  choose(random: Random): T {
    return this.#recent[(this.#first + random.below(this.#size)) % this.#capacity]!
  }
}
