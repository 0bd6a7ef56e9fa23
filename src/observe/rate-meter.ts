interface Sample {
  readonly atMs: number
  readonly total: number
}

/** How fast a total grows, over the last few seconds. */
export class RateMeter {
  readonly #windowMs: number
  #samples: Sample[] = []

  constructor(windowMs = 5_000) {
    this.#windowMs = windowMs
  }

  /**
   * @param atMs when the total was read, in milliseconds
   * @param total what was counted since some start; undefined when it could not be read
   * @returns the growth a second, or null when it is not known
   */
  add(atMs: number, total: number | undefined): number | null {
    const last = this.#samples.at(-1)
    // A total that shrinks belongs to a process that was started again.
    if (total === undefined || (last && (total < last.total || atMs < last.atMs))) this.#samples = []
    if (total === undefined) return null
    this.#samples.push({ atMs, total })
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - this.#windowMs) this.#samples.shift()
    const first = this.#samples[0]!
    return atMs === first.atMs ? null : ((total - first.total) * 1_000) / (atMs - first.atMs)
  }
}
