// @ts-check

/**
 * The part of the time axis that is shown, in seconds since the epoch. Without a zoom it is the whole range and moves on with it.
 *
 * @typedef {{ min: number, max: number }} Stretch
 */

/** Fewer windows than this say nothing as a line. */
const FEWEST_WINDOWS = 6

/** The part that somebody looks at, within a range that moves on. */
export class Viewport {
  /** @type {Stretch} */
  #range = { min: 0, max: 1 }
  #stepSeconds = 5
  /** @type {Stretch | null} */
  #zoom = null

  /** @param {Stretch} range @param {number} stepSeconds the length of a window */
  setRange(range, stepSeconds) {
    if (stepSeconds !== this.#stepSeconds) this.#zoom = null
    this.#range = range
    this.#stepSeconds = stepSeconds
  }

  get zoomed() {
    return this.#zoom !== null
  }

  /** @returns {Stretch} */
  get shown() {
    return this.#zoom ?? this.#range
  }

  /** @param {Stretch} wanted */
  show({ min, max }) {
    const whole = this.#range.max - this.#range.min
    const width = Math.min(whole, Math.max(max - min, FEWEST_WINDOWS * this.#stepSeconds))
    const middle = (min + max) / 2
    const from = Math.min(Math.max(middle - width / 2, this.#range.min), this.#range.max - width)
    this.#zoom = width >= whole ? null : { min: from, max: from + width }
  }

  /** @param {number} factor below 1 shows less @param {number} [around] the moment that stays where it is; the middle by default */
  scale(factor, around = (this.shown.min + this.shown.max) / 2) {
    const { min, max } = this.shown
    this.show({ min: around - (around - min) * factor, max: around + (max - around) * factor })
  }

  /** @param {number} part of what is shown; below 0 goes back in time */
  move(part) {
    if (this.#zoom === null) return
    const by = (this.#zoom.max - this.#zoom.min) * part
    this.show({ min: this.#zoom.min + by, max: this.#zoom.max + by })
  }

  reset() {
    this.#zoom = null
  }
}
