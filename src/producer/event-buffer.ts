/** Events between generating and sending, in their order, a bounded number of them. */
export class EventBuffer<T> {
  readonly size: number
  #events: (T | undefined)[] = []
  #head = 0
  #closed = false
  #wake: (() => void) | undefined

  constructor(size: number) {
    this.size = size
  }

  /** How many wait. */
  get used(): number {
    return this.#events.length - this.#head
  }

  get room(): number {
    return this.size - this.used
  }

  /** @throws RangeError when there is no room; ask before */
  push(event: T): void {
    if (this.room <= 0) throw new RangeError('the buffer is full')
    this.#events.push(event)
    this.#wake?.()
  }

  /** The next event; undefined when there is none now. */
  shift(): T | undefined {
    if (this.#head === this.#events.length) return undefined
    const event = this.#events[this.#head]
    // Not held any longer: what lives long costs the garbage collector more than what dies young.
    this.#events[this.#head] = undefined
    this.#head += 1
    // Cut off what was taken when it is most of the list: each event is moved once on average.
    if (this.#head > 1_000 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
    return event
  }

  /** Resolves when there is an event, with true, and with false when there is none and never will be. For one caller. */
  async ready(): Promise<boolean> {
    while (this.used === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    return this.used > 0
  }

  /** No more events will come; those that wait can still be taken. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }
}
