import { type Environment, logError } from './environment.ts'

interface Waiting {
  readonly work: () => unknown
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs what was asked for in one turn of the event loop in one transaction, so that all of it shares one
 * synchronisation with the disk. Order is kept.
 */
export class GroupCommit {
  readonly #environment: Environment
  readonly #directory: string
  readonly #committed: () => void
  #waiting: Waiting[] = []
  #idle: Promise<void> = Promise.resolve()

  /**
   * @param directory where the environment is, for errors
   * @param committed called after each transaction that was committed
   */
  constructor(environment: Environment, directory: string, committed: () => void) {
    this.#environment = environment
    this.#directory = directory
    this.#committed = committed
  }

  /**
   * Runs `work` inside a transaction, soon. When it throws, nothing of it stays, and others are not affected; it may then be
   * run a second time.
   *
   * @returns what `work` gave back, once it is durable
   * @throws MillraceError `log_full`, `log_unavailable`, and what `work` throws
   */
  run<T>(work: () => T): Promise<T> {
    const result = new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject } as Waiting)
    })
    if (this.#waiting.length === 1) {
      this.#idle = new Promise((done) => {
        setImmediate(() => {
          this.#commitAll()
          done()
        })
      })
    }
    return result
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#idle
  }

  #commitAll(): void {
    const group = this.#waiting
    this.#waiting = []
    if (this.#commit(group) || group.length === 1) return
    for (const one of group) this.#commit([one])
  }

  /** @returns whether it was committed; the reason for a failure goes to a caller only when it is the only one */
  #commit(group: readonly Waiting[]): boolean {
    try {
      const results = this.#environment.transactionSync(() => group.map(({ work }) => work()))
      this.#committed()
      group.forEach(({ resolve }, i) => {
        resolve(results[i] as never)
      })
      return true
    } catch (error) {
      if (group.length === 1) group[0]!.reject(logError(error, 'appending', this.#directory))
      return false
    }
  }
}
