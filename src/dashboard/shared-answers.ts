interface Answer<T> {
  readonly promise: Promise<T>
  /** Until when it is given to others, by the monotonic clock; while it is on its way, without end. */
  until: number
}

export interface SharedAnswersOptions {
  /** How long an answer stands, in milliseconds. */
  readonly keepMs: number
  /** Milliseconds that only rise; performance.now by default. */
  readonly monotonic?: () => number
}

/** An answer stands for so many times as long as it took, so that however many look on, the store has time for its work. */
const REST = 10

/**
 * Asks once for many who want the same: who asks while an answer is on its way, or shortly after it came, gets that one.
 * An error is for those who waited for it, and is asked anew after that.
 */
export class SharedAnswers<T> {
  readonly #answers = new Map<string, Answer<T>>()
  readonly #keepMs: number
  readonly #monotonic: () => number

  constructor({ keepMs, monotonic = () => performance.now() }: SharedAnswersOptions) {
    this.#keepMs = keepMs
    this.#monotonic = monotonic
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#monotonic()
    for (const [other, { until }] of this.#answers) if (until <= now) this.#answers.delete(other)
    const known = this.#answers.get(key)
    if (known) return known.promise
    const answer: Answer<T> = { promise: ask(), until: Number.POSITIVE_INFINITY }
    this.#answers.set(key, answer)
    answer.promise.then(
      () => {
        const end = this.#monotonic()
        answer.until = end + Math.max(this.#keepMs, (end - now) * REST)
      },
      () => this.#answers.delete(key),
    )
    return answer.promise
  }
}
