import { RateMeter } from '../observe/rate-meter.ts'
import type { Lag } from './lag.ts'

/** What was sent in the last moment, or fetched ahead, makes up so many seconds. */
const ON_ITS_WAY_SECONDS = 0.3
/** With so many seconds more to read there is a backlog, and nobody waits for the newest of it. */
const BACKLOG_SECONDS = 3
/** A backlog has ended when there was no pressure for so long, also if there is always something more to read. */
const ENDED_MS = 2_000
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
  /** When there was a whole backlog, or pressure after one, the last time; undefined when it has ended. */
  #lastSeenAt: number | undefined

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /**
   * Notes the lag as it is now, and gives it back. To be called about once a second.
   *
   * @param held messages that are read and not committed yet, because their batches are under way
   */
  see(lag: Lag, held: number): Lag {
    const { processed, monotonic } = this.#options
    const rate = Math.max(LEAST_RATE, this.#rate.add(monotonic(), processed()) ?? 0)
    const seconds = (lag.messages - held) / rate - ON_ITS_WAY_SECONDS
    this.#pressure = Math.min(1, Math.max(0, seconds / BACKLOG_SECONDS))
    if (this.#pressure === 1 || (this.isDraining && this.#pressure > 0)) this.#lastSeenAt = monotonic()
    return lag
  }

  /** Everything that was to be read is written. */
  caughtUp(): void {
    this.#lastSeenAt = undefined
  }

  /** From 0, when reading keeps pace with the log, up to 1, when there is a backlog. */
  get pressure(): number {
    return this.#pressure
  }

  /** Whether there was a whole backlog and its end is not written yet. */
  get isDraining(): boolean {
    return this.#lastSeenAt !== undefined && this.#options.monotonic() - this.#lastSeenAt < ENDED_MS
  }
}
