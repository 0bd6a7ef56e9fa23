// @ts-check

/** Asks for something now and then, while the page is looked at and never twice at the same time. What fails is tried at the next time. */
export class Refresher {
  #intervalMs
  #ask
  #onFailure
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #asking = false
  #again = false
  #started = false

  /**
   * @param {number} intervalMs
   * @param {() => Promise<void>} ask
   * @param {(message: string) => void} onFailure told why it did not succeed
   */
  constructor(intervalMs, ask, onFailure) {
    this.#intervalMs = intervalMs
    this.#ask = ask
    this.#onFailure = onFailure
    document.addEventListener('visibilitychange', () => {
      if (this.#started && !document.hidden) this.now()
    })
  }

  /** Asks at once, or when the answer on its way has come. */
  now() {
    this.#started = true
    if (this.#asking) this.#again = true
    else void this.#run()
  }

  /** @param {number} intervalMs how often from now on, beginning at once */
  every(intervalMs) {
    this.#intervalMs = intervalMs
    if (this.#started) this.now()
  }

  /** @param {number} intervalMs how often from the next time on */
  pace(intervalMs) {
    this.#intervalMs = intervalMs
  }

  /** @returns {Promise<void>} */
  async #run() {
    clearTimeout(this.#timer)
    this.#asking = true
    await this.#ask().catch((error) =>
      this.#onFailure(error instanceof Error ? error.message : String(error)),
    )
    this.#asking = false
    if (this.#again) {
      this.#again = false
      return this.#run()
    }
    this.#timer = setTimeout(() => {
      if (!document.hidden) this.now()
    }, this.#intervalMs)
  }
}
