import { setImmediate as turn } from 'node:timers/promises'
import { publish } from '../../observe/events.ts'
import { type Environment, transact } from './environment.ts'
import type { Topic } from './topic.ts'

declare module '../../observe/events.ts' {
  interface Happenings {
    /** The embedded log forgot its oldest records. */
    'log:expired': { records: number }
  }
}

/** How much the log keeps. */
export interface Retention {
  /** Records are kept so long at least, in milliseconds, if there is room for them. */
  readonly ageMs: number
  /** Bytes of records that are kept at most. */
  readonly bytes: number
  /** How often it is looked after, in milliseconds. 10 s by default. */
  readonly intervalMs?: number
}

/** Batches that one transaction removes, so that appends wait for a few milliseconds at most. */
const STEP = 64

/** Removes the oldest records from time to time. */
export class RetentionTimer {
  readonly #topic: Topic
  readonly #environment: Environment
  readonly #retention: Retention
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(environment: Environment, topic: Topic, retention: Retention, now: () => number) {
    this.#topic = topic
    this.#environment = environment
    this.#retention = retention
    this.#now = now
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.run())
    }, retention.intervalMs ?? 10_000)
    this.#timer.unref()
  }

  /** Removes what need not be kept. A failure (a full disk) is left to the next time. */
  async run(): Promise<void> {
    const { ageMs, bytes } = this.#retention
    let records = 0
    try {
      for (let removed = { batches: STEP, records: 0 }; removed.batches === STEP && !this.#stopped; ) {
        removed = transact(this.#environment, () =>
          this.#topic.removeOldest(this.#now() - ageMs, bytes, STEP),
        )
        records += removed.records
        await turn()
      }
    } catch {
      // The append that meets the same trouble says so.
    }
    if (records > 0) publish('log:expired', { records })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }
}
