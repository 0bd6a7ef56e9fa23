import type { Random } from '../../random.ts'

export interface RepeatsOptions {
  /** How many messages are remembered at most. */
  readonly capacity: number
  /** How many of one millisecond. */
  readonly ofOneTime: number
}

/**
 * The latest messages, a bounded number of them and none too old, to choose one from that is sent again. Where many come at once, a few of them are
 * remembered: what is held for some time and then let go is what costs the garbage collector most.
 */
export class Repeats<T extends { readonly timestampMs: number }> {
  readonly #capacity: number
  readonly #ofOneTime: number
  readonly #recent: T[] = []
  /** Where the oldest is, and how many there are from there on. */
  #first = 0
  #size = 0
  /** The time of the last message, and how many are remembered of it. */
  #time = Number.NaN
  #ofTime = 0

  constructor({ capacity, ofOneTime }: RepeatsOptions) {
    this.#capacity = capacity
    this.#ofOneTime = ofOneTime
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  remember(message: T): void {
    if (message.timestampMs !== this.#time) {
      this.#time = message.timestampMs
      this.#ofTime = 0
    }
    if (this.#ofTime === this.#ofOneTime) return
    this.#ofTime += 1
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
