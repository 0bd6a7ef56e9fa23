/** Lets one caller wait for whatever happens next. */
export class Waker {
  #count = 0
  readonly #waiting = new Set<() => void>()

  /** How often it has happened. Taken before looking, so that nothing between looking and waiting is missed. */
  get count(): number {
    return this.#count
  }

  wake(): void {
    this.#count += 1
    for (const wake of this.#waiting) wake()
  }

  /** Resolves when it has happened since the count was taken, when the time is over, and when the signal aborts. */
  async since(count: number, maxWaitMs: number, signal?: AbortSignal): Promise<void> {
    if (count !== this.#count || signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const timer = setTimeout(wake, maxWaitMs)
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await promise
    signal?.removeEventListener('abort', wake)
    this.#waiting.delete(wake)
    clearTimeout(timer)
  }
}
