/** First in, first out, in constant time. */
export class Queue<T> {
  #items: (T | undefined)[] = []
  /** How many at the beginning have been taken. */
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  get first(): T | undefined {
    return this.#items[this.#taken]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The first; there must be one. */
  shift(): T {
    const first = this.#items[this.#taken]!
    this.#items[this.#taken] = undefined
    this.#taken += 1
    // Half of them and more: each item is moved once on average.
    if (this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return first
  }
}
