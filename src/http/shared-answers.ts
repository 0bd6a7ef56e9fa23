interface Answer<T> {
  readonly promise: Promise<T>
  /** Until when it is given to others, by the monotonic clock; while it is on its way, without end. */
  until: number
}

export interface SharedAnswersOptions {
  /** How long an answer stands at least, in milliseconds. */
  readonly keepMs: number
  /** An answer that took less than this stands no longer than that; 0 by default, in milliseconds. */
  readonly slowMs?: number
  /** However long an answer took, it stands no longer than this, in milliseconds; without end by default. */
  readonly longestMs?: number
  /** Milliseconds that only rise; performance.now by default. */
  readonly monotonic?: () => number
}

/** A slow answer stands for so many times as long as it took, so that however many ask, the store has time for its work. */
const REST = 10

/**
 * Asks once for many who want the same: who asks while an answer is on its way, or shortly after it came, gets that one.
 * An error is for those who waited for it, and is asked anew after that.
 */
export class SharedAnswers<T> {
  readonly #answers = new Map<string, Answer<T>>()
  readonly #options: Required<SharedAnswersOptions>

  constructor(options: SharedAnswersOptions) {
    this.#options = {
      slowMs: 0,
      longestMs: Number.POSITIVE_INFINITY,
      monotonic: () => performance.now(),
      ...options,
    }
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#options.monotonic()
    for (const [other, { until }] of this.#answers) if (until <= now) this.#answers.delete(other)
    const known = this.#answers.get(key)
    if (known) return known.promise
    const answer: Answer<T> = { promise: ask(), until: Number.POSITIVE_INFINITY }
    this.#answers.set(key, answer)
    answer.promise.then(
      () => {
        const { keepMs, slowMs, longestMs, monotonic } = this.#options
        const end = monotonic()
        const took = end - now
        answer.until = end + Math.max(keepMs, took < slowMs ? 0 : Math.min(longestMs, took * REST))
      },
      () => this.#answers.delete(key),
    )
    return answer.promise
  }
}
