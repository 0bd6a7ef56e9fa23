/** Events that became due at one time. */
interface Due {
  readonly atMs: number
  left: number
}

/**
 * Events that are due and not made yet, in the order in which they became due, a bounded number of them: the buffer between generating and
 * sending. An event is made when it is sent. Made before, it would lie in the memory until then, and what lies there for a while is what costs
 * the garbage collector most.
 */
export class DueEvents {
  readonly size: number
  #due: Due[] = []
  #used = 0
  #closed = false
  #wake: (() => void) | undefined

  constructor(size: number) {
    this.size = size
  }

  /** How many wait. */
  get used(): number {
    return this.#used
  }

  get room(): number {
    return this.size - this.#used
  }

  /**
   * @param atMs when they became due, in milliseconds since the epoch
   * @throws RangeError when there is no room for so many; ask before
   */
  add(count: number, atMs: number): void {
    if (count > this.room) throw new RangeError('the buffer is full')
    if (count === 0) return
    const last = this.#due.at(-1)
    if (last?.atMs === atMs) last.left += count
    else this.#due.push({ atMs, left: count })
    this.#used += count
    this.#wake?.()
  }

  /** When the next event became due, in milliseconds since the epoch, and takes it out; undefined when there is none now. */
  take(): number | undefined {
    const next = this.#due[0]
    if (next === undefined) return undefined
    next.left -= 1
    this.#used -= 1
    if (next.left === 0) this.#due.shift()
    return next.atMs
  }

  /** Resolves when there is an event, with true, and with false when there is none and never will be. For one caller. */
  async ready(): Promise<boolean> {
    while (this.#used === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    return this.#used > 0
  }

  /** No more events will come; those that wait can still be taken. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }
}
