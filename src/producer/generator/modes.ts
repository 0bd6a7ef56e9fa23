import { Random } from '../../random.ts'

/** `regular`: 1 to 10 events a second, wandering. `peak`: the same, with bursts. `night`: one event every 10 s. */
export const MODES = ['regular', 'peak', 'night'] as const

export type Mode = (typeof MODES)[number]

export interface PacerOptions {
  readonly seed: number
  readonly mode: Mode
  /** Events a second instead of the mode's rate; null leaves it to the mode. */
  readonly speedEps?: number | null
}

const REGULAR = { lowest: 1, highest: 10 }
const NIGHT_EPS = 0.1
/** Every so often the regular rate takes a step, of at most so much. */
const STEP_EVERY_MS = 1_000
const STEP = 1.5

const BURST_MS = 2_000
/** Between the end of a burst and the beginning of the next. */
const BURST_PAUSE_MS = { shortest: 8_000, longest: 20_000 }
const BURST_EVENTS = { fewest: 100, most: 1_000 }

/** After a pause of the process (a laptop that slept) only so much of it is made up for. */
const LONGEST_CATCH_UP_MS = 1_000

/** Says how many events are due, as time goes by. It takes no time itself and is exact over long times: fractions are carried over. */
export class Pacer {
  readonly #random: Random
  #mode: Mode
  #speedEps: number | null
  #regularEps: number
  #carry = 0
  #sinceStepMs = 0
  /** The burst that goes on, or the next one. */
  #burst: { startsInMs: number; leftMs: number; eps: number }

  constructor({ seed, mode, speedEps = null }: PacerOptions) {
    this.#random = new Random(seed)
    this.#mode = mode
    this.#speedEps = speedEps
    this.#regularEps = this.#random.between(REGULAR.lowest, REGULAR.highest)
    // The first burst comes early, so that whoever asks for peaks sees one.
    this.#burst = this.#nextBurst(1_000)
  }

  get mode(): Mode {
    return this.#mode
  }

  setMode(mode: Mode): void {
    this.#mode = mode
    this.#burst = this.#nextBurst(1_000)
  }

  get speedEps(): number | null {
    return this.#speedEps
  }

  setSpeed(eps: number | null): void {
    this.#speedEps = eps
    this.#carry = 0
  }

  /** Events a second now. */
  rateNow(): number {
    if (this.#speedEps !== null) return this.#speedEps
    if (this.#mode === 'night') return NIGHT_EPS
    if (this.#mode === 'peak' && this.#burst.startsInMs <= 0) return this.#regularEps + this.#burst.eps
    return this.#regularEps
  }

  /**
   * How many events became due.
   *
   * @param elapsedMs the time since it was asked last
   */
  due(elapsedMs: number): number {
    let left = Math.min(Math.max(0, elapsedMs), LONGEST_CATCH_UP_MS)
    while (left > 0) {
      const ms = Math.min(left, this.#steadyMs())
      this.#carry += (this.rateNow() * ms) / 1_000
      this.#wander(ms)
      left -= ms
    }
    const whole = Math.floor(this.#carry + 1e-9)
    this.#carry -= whole
    return whole
  }

  /** How long the rate stays as it is. */
  #steadyMs(): number {
    const untilStep = STEP_EVERY_MS - this.#sinceStepMs
    if (this.#mode !== 'peak') return untilStep
    const { startsInMs, leftMs } = this.#burst
    return Math.min(untilStep, startsInMs > 0 ? startsInMs : leftMs)
  }

  /** Lets time pass, at most as much as the rate stays as it is. */
  #wander(ms: number): void {
    this.#sinceStepMs += ms
    if (this.#sinceStepMs >= STEP_EVERY_MS) {
      this.#sinceStepMs = 0
      const next = this.#regularEps + this.#random.between(-STEP, STEP)
      this.#regularEps = Math.min(REGULAR.highest, Math.max(REGULAR.lowest, next))
    }
    if (this.#mode !== 'peak') return
    if (this.#burst.startsInMs > 0) this.#burst.startsInMs -= ms
    else this.#burst.leftMs -= ms
    if (this.#burst.leftMs <= 0) {
      const { shortest, longest } = BURST_PAUSE_MS
      this.#burst = this.#nextBurst(this.#random.between(shortest, longest))
    }
  }

  #nextBurst(startsInMs: number): { startsInMs: number; leftMs: number; eps: number } {
    const events = this.#random.between(BURST_EVENTS.fewest, BURST_EVENTS.most)
    return { startsInMs, leftMs: BURST_MS, eps: (events / BURST_MS) * 1_000 }
  }
}
