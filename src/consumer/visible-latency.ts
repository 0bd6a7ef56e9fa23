import { publish } from '../observe/events.ts'
import type { Flushed } from './flush.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A batch can be seen in the aggregates: so long after its oldest message was appended to the log. */
    'consumer:visible': { ms: number }
  }
}

/** As many batches wait to be seen at most; more can only be there when the roll-up has been away for long. */
const MOST = 10_000

/** Measures how long it takes from the log to the minute aggregates, for the oldest message of each batch. */
export class VisibleLatency {
  readonly #now: () => number
  #waiting: { oldestAppendedMs: number; flushedAtMs: number }[] = []

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now
  }

  flushed({ oldestAppendedMs }: Flushed): void {
    if (this.#waiting.length < MOST) this.#waiting.push({ oldestAppendedMs, flushedAtMs: this.#now() })
  }

  /** @param freshAsOfMs the time up to which everything that was written is in the aggregates */
  rolledUp(freshAsOfMs: number): void {
    const now = this.#now()
    const seen = this.#waiting.findIndex(({ flushedAtMs }) => flushedAtMs > freshAsOfMs)
    for (const { oldestAppendedMs } of this.#waiting.splice(0, seen < 0 ? this.#waiting.length : seen)) {
      publish('consumer:visible', { ms: now - oldestAppendedMs })
    }
  }
}
