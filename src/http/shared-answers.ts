interface Known<T> {
  /** The last answer that came. */
  answer?: Answer<T>
  /** The one that is on its way. */
  coming?: Promise<T>
}

/** The times are by the monotonic clock. */
interface Answer<T> {
  readonly promise: Promise<T>
  /** Until when it is given to whoever asks. */
  readonly standsUntil: number
  /** Until when it is given while a new one is on its way. */
  readonly givenUntil: number
}

export interface SharedAnswersOptions {
  /** How long an answer stands at least, in milliseconds. */
  readonly keepMs: number
  /** An answer that took less than this stands no longer than that; 0 by default, in milliseconds. */
  readonly slowMs?: number
  /** However long an answer took, it stands no longer than this, in milliseconds; without end by default. */
  readonly longestMs?: number
  /**
   * For how many times as long as it stood a slow answer is still given after that, while a new one is computed (what RFC 5861 calls
   * stale-while-revalidate); 0 by default.
   */
  readonly staleTimes?: number
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
  readonly #known = new Map<string, Known<T>>()
  readonly #options: Required<SharedAnswersOptions>

  constructor(options: SharedAnswersOptions) {
    this.#options = {
      slowMs: 0,
      longestMs: Number.POSITIVE_INFINITY,
      staleTimes: 0,
      monotonic: () => performance.now(),
      ...options,
    }
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#options.monotonic()
    this.#forget(now)
    const known = this.#known.get(key) ?? {}
    this.#known.set(key, known)
    const { answer } = known
    if (answer && now < answer.standsUntil) return answer.promise
    known.coming ??= this.#renew(known, ask, now)
    return answer && now < answer.givenUntil ? answer.promise : known.coming
  }

  #renew(known: Known<T>, ask: () => Promise<T>, began: number): Promise<T> {
    const promise = ask()
    promise.then(
      () => {
        const { keepMs, slowMs, longestMs, staleTimes, monotonic } = this.#options
        const end = monotonic()
        const took = end - began
        const slow = took < slowMs ? 0 : Math.min(longestMs, took * REST)
        const standsUntil = end + Math.max(keepMs, slow)
        known.answer = { promise, standsUntil, givenUntil: standsUntil + slow * staleTimes }
        delete known.coming
      },
      () => delete known.coming,
    )
    return promise
  }

  #forget(now: number): void {
    for (const [key, { answer, coming }] of this.#known) {
      if (!coming && !(answer && now < answer.givenUntil)) this.#known.delete(key)
    }
  }
}
