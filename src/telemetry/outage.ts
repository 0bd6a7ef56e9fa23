import { messageOf } from '../errors.ts'
import type { Logger } from '../observe/logger.ts'
import { duration } from '../observe/words.ts'

export type Signal = 'traces' | 'metrics'

/**
 * What is told of an endpoint that does not take what it is sent: one line when that begins and one when it is over, however often
 * it was tried in between.
 */
export class Outage {
  readonly #logger: Logger
  readonly #monotonic: () => number
  /** Why each of the signals cannot be sent now. */
  readonly #failing = new Map<Signal, string>()
  #since = 0

  /** @param monotonic milliseconds that only rise */
  constructor(logger: Logger, monotonic: () => number) {
    this.#logger = logger
    this.#monotonic = monotonic
  }

  /** Whether this signal could not be sent when it was tried last. */
  has(signal: Signal): boolean {
    return this.#failing.has(signal)
  }

  failed(signal: Signal, error: unknown): void {
    if (this.#failing.has(signal)) return
    const message = reasonOf(error)
    const known = [...this.#failing.values()].includes(message)
    if (this.#failing.size === 0) this.#since = this.#monotonic()
    this.#failing.set(signal, message)
    // Usually all of them go to one place, and then it is one outage.
    if (known) return
    this.#logger.warn(
      `Telemetry (${signal}) cannot be sent: ${message}. What does not fit into its buffer is lost; this is said once.`,
    )
  }

  worked(signal: Signal): void {
    if (!this.#failing.delete(signal) || this.#failing.size > 0) return
    this.#logger.info(`Telemetry is sent again, after ${duration(this.#monotonic() - this.#since)}`)
  }
}

/** A name that stands for several addresses fails with an error for each and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  const message = messageOf(error)
  const { code } = error as { code?: unknown }
  return typeof code === 'number' ? `HTTP status ${code} ${message}` : message
}
