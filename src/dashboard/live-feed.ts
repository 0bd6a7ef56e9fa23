export interface LiveFeedOptions<T> {
  /** Reads an update; asked for by the feed alone, however many listen, and never while it is still reading. */
  readonly read: () => Promise<T>
  /** From the beginning of one reading to that of the next, in milliseconds. A second by default. */
  readonly intervalMs?: number
  /** Told of a reading that failed; the next one is tried as usual. */
  readonly onError: (error: unknown) => void
}

/** One update a second for all who listen. While nobody does, nothing is read. */
export class LiveFeed<T> {
  readonly #options: Required<LiveFeedOptions<T>>
  readonly #listeners = new Set<(update: T) => void>()
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor(options: LiveFeedOptions<T>) {
    this.#options = { intervalMs: 1_000, ...options }
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size
  }

  /**
   * Calls the listener with each update from now on; the first one comes at once when nobody listened before.
   *
   * @returns ends it
   */
  subscribe(listener: (update: T) => void): () => void {
    this.#listeners.add(listener)
    if (!this.#running) {
      this.#running = true
      void this.#run()
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#rest()
    }
  }

  async #run(): Promise<void> {
    const { read, intervalMs, onError } = this.#options
    const startedAt = performance.now()
    try {
      const update = await read()
      for (const listener of this.#listeners) listener(update)
    } catch (error) {
      onError(error)
    }
    if (this.#listeners.size === 0) {
      this.#running = false
      return
    }
    const waitMs = Math.max(0, intervalMs - (performance.now() - startedAt))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#run()
    }, waitMs)
  }

  /** While a reading is under way it is left to end by itself, and sees that nobody listens any more. */
  #rest(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running = false
  }
}
