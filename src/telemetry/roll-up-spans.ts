import type { SpanContext } from '@opentelemetry/api'
import { type Happenings, listen } from '../observe/events.ts'
import type { Recorder } from './recorder.ts'

type Level = Happenings['rollup:ran']['level']

/** The level whose windows a level is usually computed from. */
const BELOW: Readonly<Partial<Record<Level, Level>>> = { minute: 'slice', hour: 'minute' }

/** A span has no more links than these by default, the newest ones. */
const MOST_LINKS = 128

/**
 * Makes a span of each computation of stale windows. Slices are linked to the batches that made them stale, minutes to the
 * computations of slices, hours to those of minutes, so that one can go from a page view's batch to the aggregates and back. What other
 * consumers wrote is computed as well, and has its trace there.
 */
export class RollUpSpans {
  readonly #recorder: Recorder
  readonly #batches: { readonly context: SpanContext; readonly markedAt: number }[] = []
  /** What each level has computed and the level above has not taken up. */
  readonly #computed: Record<Level, SpanContext[]> = { slice: [], minute: [], hour: [] }

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** @returns ends it */
  start(): () => void {
    const stops = [
      listen('rollup:ran', (ran) => this.#ran(ran)),
      listen('rollup:failed', (failed) => this.#failed(failed)),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** The slices of a batch are marked as stale since then. */
  marked(context: SpanContext, markedAt: number): void {
    this.#batches.push({ context, markedAt })
    if (this.#batches.length > MOST_LINKS) this.#batches.shift()
  }

  #ran({ level, windows, ms }: Happenings['rollup:ran']): void {
    const to = this.#recorder.monotonic()
    const from = to - ms
    const context = this.#recorder.record({
      name: `roll up ${level}`,
      from,
      to,
      attributes: { 'millrace.rollup.level': level, 'millrace.rollup.windows': windows },
      links: this.#takenUp(level, from),
    })
    if (!context || level === 'hour') return
    this.#computed[level].push(context)
    if (this.#computed[level].length > MOST_LINKS) this.#computed[level].shift()
  }

  #takenUp(level: Level, from: number): SpanContext[] {
    const below = BELOW[level]
    if (below) return this.#computed[below].splice(0)
    // A batch that was marked later waits for the next computation.
    const later = this.#batches.findIndex(({ markedAt }) => markedAt > from)
    return this.#batches.splice(0, later < 0 ? this.#batches.length : later).map(({ context }) => context)
  }

  #failed({ message, ms }: Happenings['rollup:failed']): void {
    const to = this.#recorder.monotonic()
    this.#recorder.record({ name: 'roll up', from: to - ms, to, error: message })
  }
}
