declare module '../observe/events.ts' {
  interface Happenings {
    /** The clocks of the messages of a fetch, against each other. */
    'consumer:clocks': {
      /** For each event, how far its time was ahead of the time it was appended at; below zero, how late it was. In milliseconds. */
      eventAheadMs: Float64Array
      /** How far the latest of the times that they were appended at is ahead of this consumer's clock, in milliseconds. */
      appendAheadMs: number
    }
  }
}

/**
 * Compares the clocks of messages: when the event happened, when its sender appended it, and when it is read here. What was
 * appended after now was so by a sender whose clock is ahead (or ours is behind).
 */
export class Clocks {
  #eventAheadMs = new Float64Array(1_024)
  #length = 0
  #latestAppendMs = Number.NEGATIVE_INFINITY

  /** Both in milliseconds since the epoch. The event's is undefined where a message has none. */
  see(eventMs: number | undefined, appendedMs: number): void {
    if (appendedMs > this.#latestAppendMs) this.#latestAppendMs = appendedMs
    if (eventMs === undefined) return
    if (this.#length === this.#eventAheadMs.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#eventAheadMs)
      this.#eventAheadMs = larger
    }
    this.#eventAheadMs[this.#length++] = eventMs - appendedMs
  }

  /** What was seen since the last time. The array is valid until the next message. */
  take(nowMs: number): { eventAheadMs: Float64Array; appendAheadMs: number } {
    const seen = {
      eventAheadMs: this.#eventAheadMs.subarray(0, this.#length),
      appendAheadMs: this.#latestAppendMs - nowMs,
    }
    this.#length = 0
    this.#latestAppendMs = Number.NEGATIVE_INFINITY
    return seen
  }
}
