import { messageOf } from '../errors.ts'

/** The last answer to a question that is asked again and again, but never twice at the same time. */
export class Latest<T> {
  readonly #ask: () => Promise<T>
  #asking: Promise<void> | undefined
  #value: T | undefined
  #problem: string | null = null

  constructor(ask: () => Promise<T>) {
    this.#ask = ask
  }

  /** Asks, and waits for so many milliseconds at most. */
  async within(ms: number): Promise<{ value: T | undefined; problem: string | null }> {
    this.#asking ??= this.#ask()
      .then(
        (value) => {
          this.#value = value
          this.#problem = null
        },
        (error) => {
          this.#problem = messageOf(error)
        },
      )
      .finally(() => {
        this.#asking = undefined
      })
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    await Promise.race([this.#asking, late])
    clearTimeout(timer)
    return { value: this.#value, problem: this.#problem }
  }
}
