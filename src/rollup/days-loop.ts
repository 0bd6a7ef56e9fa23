import { messageOf } from '../errors.ts'
import { publish } from '../observe/events.ts'
import type { Days } from './days.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A day could not be built; it is tried again later, and until then its hours are read. */
    'rollup:day-failed': { message: string }
  }
}

/** How often to look whether a day is over, or has changed. */
const LOOK_EVERY_MS = 60_000
/** Days may be built for so much of the time at most: whoever has many to build has time. */
const SHARE = 0.25

export interface DaysLoopOptions {
  readonly days: Pick<Days, 'buildNext'>
  /** How much of a backlog is being read, from 0 up to 1: then days wait. */
  readonly pressure: () => number
  /** Milliseconds that only rise; performance.now by default. */
  readonly monotonic?: () => number
}

/** Builds the days that are over while the process runs, one after the other and with rests in between. */
export class DaysLoop {
  readonly #options: Required<DaysLoopOptions>
  #timer: NodeJS.Timeout | undefined
  #building: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: DaysLoopOptions) {
    this.#options = { monotonic: () => performance.now(), ...options }
  }

  start(): void {
    this.#next(0)
  }

  /** Resolves when the day that is being built is done with. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#building
  }

  #next(inMs: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#building = this.#build().then((restMs) => this.#next(restMs))
    }, inMs)
  }

  /** @returns how long to rest, in milliseconds */
  async #build(): Promise<number> {
    const { days, pressure, monotonic } = this.#options
    if (pressure() > 0) return LOOK_EVERY_MS
    const began = monotonic()
    try {
      if (!(await days.buildNext())) return LOOK_EVERY_MS
    } catch (error) {
      publish('rollup:day-failed', { message: messageOf(error) })
      return LOOK_EVERY_MS
    }
    return (monotonic() - began) * (1 / SHARE - 1)
  }
}
