import { RateMeter } from '../observe/rate-meter.ts'
import type { Lag } from './lag.ts'

/** What is read and not committed yet, because its batch is under way, makes up so many seconds. */
const UNDER_WAY_SECONDS = 0.7
/** With so many seconds more to read there is a backlog, and nobody waits for the newest of it. */
const BACKLOG_SECONDS = 3
/** Whoever reads fewer messages a second does so because there are not more, or because the store is away. */
const LEAST_RATE = 20_000

export interface BacklogOptions {
  /** Messages that have been processed since the start. */
  readonly processed: () => number
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

/**
 * How much there is to read, in time: new rows go before fresh aggregates, and large blocks before early ones, the more there is. By degrees,
 * so that a rate which the machine just sustains finds its balance instead of jumping from one to the other.
 */
export class Backlog {
  readonly #options: BacklogOptions
  readonly #rate = new RateMeter()
  #pressure = 0

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /** Notes the lag as it is now, and gives it back. To be called about once a second. */
  see(lag: Lag): Lag {
    const { processed, monotonic } = this.#options
    const rate = Math.max(LEAST_RATE, this.#rate.add(monotonic(), processed()) ?? 0)
    const seconds = lag.messages / rate - UNDER_WAY_SECONDS
    this.#pressure = Math.min(1, Math.max(0, seconds / BACKLOG_SECONDS))
    return lag
  }

  /** From 0, when reading keeps pace with the log, up to 1, when there is a backlog. */
  get pressure(): number {
    return this.#pressure
  }
}
