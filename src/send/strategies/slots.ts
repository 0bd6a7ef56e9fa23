/** A number of places, of which each holds one piece of work at a time. */
export class Slots {
  #free: number
  readonly #size: number
  readonly #waiting: (() => void)[] = []
  readonly #idle: (() => void)[] = []

  constructor(size: number) {
    this.#size = size
    this.#free = size
  }

  /**
   * Starts work in a free place.
   *
   * @returns when all places are taken now, a promise that resolves when one is free; otherwise nothing
   */
  run(work: () => Promise<void>): Promise<void> | undefined {
    const busy = this.take()
    void work().finally(() => this.release(1))
    return busy
  }

  /** Takes a place; what was taken is released by whoever took it. Returns the same as run(). */
  take(): Promise<void> | undefined {
    this.#free -= 1
    if (this.#free > 0) return undefined
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(places: number): void {
    this.#free += places
    if (this.#free > 0) for (const resolve of this.#waiting.splice(0)) resolve()
    if (this.#free === this.#size) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Resolves when all places are free. */
  idle(): Promise<void> {
    if (this.#free === this.#size) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }
}
