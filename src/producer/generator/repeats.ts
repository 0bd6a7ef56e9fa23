import type { Random } from '../../random.ts'

/** The last messages, a bounded number of them, to choose one from that is sent again. */
export class Repeats<T> {
  readonly #capacity: number
  readonly #recent: T[] = []
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get isEmpty(): boolean {
    return this.#recent.length === 0
  }

  remember(message: T): void {
    this.#recent[this.#next] = message
    this.#next = (this.#next + 1) % this.#capacity
  }

  choose(random: Random): T {
    return random.pick(this.#recent)
  }
}
