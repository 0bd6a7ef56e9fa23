import { messageOf } from '../errors.ts'
import { publish } from '../observe/events.ts'
import type { Level } from './levels.ts'
import { freshAsOf, LEVEL_NAMES, type Restless, type RollUpRun } from './rollup.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A run ended early; the next one begins after a pause and takes up what it left. */
    'rollup:failed': { message: string; ms: number; retryInMs: number }
  }
}

/**
 * How much of the time each level may be computed at most: counts of seconds must not wait for hours, and who looks at hours does not
 * see a second.
 */
const SHARES: Readonly<Record<Level, number>> = { slice: 2 / 3, minute: 0.6, hour: 0.02 }

/** How much smaller the shares are while a whole backlog is read. */
const BEHIND = 8

/**
 * While a backlog is read, slices that changed within so long are left for later: each flush changes those that it has got to, and computing
 * them once takes a fifth of what a drain costs in all (bench/RESULTS.md). The smaller the backlog, the less.
 */
const RESTLESS_MS = 2_500
/** While a whole backlog is read, those that the last flush changed, or another process just before it. */
const BEFORE_FLUSH_MS = 500
/** How often to look for slices that have come to rest. */
const LOOK_MS = 500

/** However long a level takes, it does not wait for longer than this; and not longer than that while a backlog is read. */
const LONGEST_REST_MS = 5_000
const LONGEST_REST_BEHIND_MS = 20_000

/**
 * Slices with more events than this, which are read anew each time, are left alone for a while that grows with their number, up to a longest one.
 * So many only come where processors are full, and there every run takes from those who collect and read: with a second between them an eighth
 * less work is done for an event (bench/RESULTS.md). By events and not by time: a single slow run says nothing about the next one.
 */
const MANY_EVENTS = 300_000
const REST_MS_PER_EVENT = 0.01
const LONGEST_REST_OF_MANY_MS = 1_000
/** They are not looked at while rows are written, but not for longer than this: the next look, which would see these rows, is far away. */
const LONGEST_WRITE_MS = 500

const NEVER = { endedAt: Number.NEGATIVE_INFINITY, tookMs: 0 }
const NOTHING_YET = { slice: NEVER, minute: NEVER, hour: NEVER }

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

export interface RollUpLoopOptions {
  readonly rollUp: { run(isDue: (level: Level) => boolean, restless?: Restless): Promise<RollUpRun> }
  /** How often to look for marks that others made, in milliseconds. A second by default. */
  readonly intervalMs?: number
  /**
   * How much of a backlog is being read, from 0 up to 1: windows change again and again then, so computing them waits for most of the time
   * and leaves it to the rows. None by default.
   */
  readonly pressure?: () => number
  /** Whether a whole backlog was there and is not written to its end yet. */
  readonly isDraining?: () => boolean
  /** Whether rows are being written, of which wake() will tell. Never by default. */
  readonly isWriting?: () => boolean
  /** Called after each run that did not fail. */
  readonly onRan?: (status: RollUpStatus) => void
  /** Milliseconds that only rise; performance.now by default. */
  readonly monotonic?: () => number
  /** A number from 0 up to 1, for the pauses after failures; Math.random by default. */
  readonly random?: () => number
}

export interface RollUpStatus {
  /**
   * The time up to which every event that was written is in the aggregates, in milliseconds since the epoch by the store's
   * clock; null before the first run. Minutes run ahead of hours.
   */
  readonly freshAsOfMs: Readonly<Record<'minute' | 'hour', number>> | null
  /** Windows that had changed and were not computed when the last run ended; one slice at least when there was a flush since. */
  readonly staleWindows: Readonly<Record<Level, number>>
  /** How long the last computation of each level took, in milliseconds. */
  readonly tookMs: Readonly<Partial<Record<Level, number>>>
  /** Why the last run ended early; null when it did not. */
  readonly failure: string | null
}

/**
 * Keeps the aggregates up to date while the process runs: after each flush, and otherwise every second. A level that takes
 * long waits in proportion, so that the finer levels go first. When the store is away it tries again, for as long as it takes.
 */
export class RollUpLoop {
  readonly #options: Required<RollUpLoopOptions>
  /** When the last computation of each level ended, and how long it took. */
  #last: Record<Level, { readonly endedAt: number; readonly tookMs: number }> = NOTHING_YET
  #status: RollUpStatus = {
    freshAsOfMs: null,
    staleWindows: { slice: 0, minute: 0, hour: 0 },
    tookMs: {},
    failure: null,
  }
  /** How many events the slices had that were computed last. */
  #eventsRead = 0
  #failures = 0
  /** When the run under way began, and how long the last one took that did not fail. */
  #begunAt: number | undefined
  #lastRunMs = 0
  #woken = false
  #wasDraining = false
  #flushedAt = 0
  #stopped = false
  #pause: Pause | undefined
  #running: Promise<void> | undefined

  constructor(options: RollUpLoopOptions) {
    this.#options = {
      intervalMs: 1_000,
      onRan: () => {},
      pressure: () => 0,
      isDraining: () => false,
      isWriting: () => false,
      monotonic: () => performance.now(),
      random: Math.random,
      ...options,
    }
  }

  start(): void {
    this.#running ??= this.#loop()
  }

  /** Rows have been written and marked: run as soon as slices may be computed again. Called after each flush. */
  wake(): void {
    this.#woken = true
    this.#flushedAt = this.#options.monotonic()
    this.#noteFlush()
    if (this.#pause) this.#noteBacklog()
    if (this.#failures === 0) this.#pause?.endIn(Math.max(0, this.#dueIn('slice')))
  }

  /** Resolves when the run under way has ended. What is stale stays marked for the next process. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#pause?.endIn(0)
    await this.#running
  }

  status(): RollUpStatus {
    return this.#status
  }

  /**
   * How long what is written now would lie there before slices are computed, in milliseconds, as far as the last run tells; 0 while
   * runs fail.
   */
  looksInMs(): number {
    if (this.#failures > 0) return 0
    const { monotonic } = this.#options
    if (this.#begunAt === undefined) return Math.max(0, this.#dueIn('slice'))
    return Math.max(0, this.#begunAt + this.#lastRunMs - monotonic()) + this.#restMs('slice')
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false
      const pauseMs = await this.#runOnce()
      if (this.#stopped) break
      this.#pause = new Pause(pauseMs)
      await this.#pause.over
      if (this.#isToSeeWhatIsWritten()) {
        this.#pause = new Pause(LONGEST_WRITE_MS)
        await this.#pause.over
      }
      this.#pause = undefined
    }
  }

  #isToSeeWhatIsWritten(): boolean {
    return !this.#stopped && this.#restOfManyMs() > 0 && this.#options.isWriting()
  }

  /** @returns how long to wait before the next run, in milliseconds */
  async #runOnce(): Promise<number> {
    const { monotonic } = this.#options
    const began = monotonic()
    this.#begunAt = began
    try {
      const run = await this.#options.rollUp.run((level) => this.#dueIn(level) <= 0, this.#restless())
      this.#failures = 0
      this.#lastRunMs = monotonic() - began
      this.#note(run)
      return this.#untilNextRun(run)
    } catch (error) {
      const retryInMs = this.#backOff()
      const message = messageOf(error)
      this.#status = { ...this.#status, failure: message }
      publish('rollup:failed', { message, ms: monotonic() - began, retryInMs })
      return retryInMs
    } finally {
      this.#begunAt = undefined
    }
  }

  #note({ left, tookMs, eventsRead }: RollUpRun): void {
    if (tookMs.slice !== undefined) this.#eventsRead = eventsRead
    const endedAt = this.#options.monotonic()
    for (const [level, ms] of Object.entries(tookMs) as [Level, number][])
      this.#last = { ...this.#last, [level]: { endedAt, tookMs: ms } }
    this.#noteBacklog()
    this.#status = {
      freshAsOfMs: { minute: freshAsOf('minute', left), hour: freshAsOf('hour', left) },
      staleWindows: {
        slice: left.levels.slice.windows,
        minute: left.levels.minute.windows,
        hour: left.levels.hour.windows,
      },
      tookMs: { ...this.#status.tookMs, ...tookMs },
      failure: null,
    }
    if (this.#woken) this.#noteFlush()
    this.#options.onRan(this.#status)
  }

  /** As soon as a level with work may run, and when there is none, when others may have left marks. */
  #untilNextRun({ left }: RollUpRun): number {
    const levels = LEVEL_NAMES.filter(
      (level) => left.levels[level].windows > 0 || (level === 'slice' && this.#woken),
    )
    const waits = levels.map((level) => Math.max(0, this.#dueIn(level)))
    return Math.min(this.#options.intervalMs, ...waits)
  }

  /** A flush has marked slices that the last reading of what is stale had not seen. */
  #noteFlush(): void {
    const { slice, ...others } = this.#status.staleWindows
    this.#status = { ...this.#status, staleWindows: { slice: Math.max(1, slice), ...others } }
  }

  /** When a backlog has ended, nobody waits any longer for what it had put off. */
  #noteBacklog(): void {
    const isDraining = this.#options.isDraining()
    if (this.#wasDraining && !isDraining) this.#last = NOTHING_YET
    this.#wasDraining = isDraining
  }

  #dueIn(level: Level): number {
    return this.#last[level].endedAt + this.#restMs(level) - this.#options.monotonic()
  }

  /** How long a level is left alone after it was computed. */
  #restMs(level: Level): number {
    const { isDraining } = this.#options
    const { tookMs } = this.#last[level]
    const behind = this.#behind()
    // What is computed only when it has come to rest is computed once, and that takes no more time than it must.
    const slower = isDraining() ? 1 : 1 + behind * (BEHIND - 1)
    const longestMs = LONGEST_REST_MS + behind * (LONGEST_REST_BEHIND_MS - LONGEST_REST_MS)
    const restMs = Math.min(longestMs, tookMs * (slower / SHARES[level] - 1))
    return Math.max(
      restMs,
      level === 'slice' ? this.#restOfManyMs() : 0,
      Math.min(LOOK_MS, this.#restless().changedWithinMs),
    )
  }

  /** None while a backlog is drained: what is computed only when it has come to rest is not read again and again. */
  #restOfManyMs(): number {
    if (this.#options.isDraining()) return 0
    return Math.min(LONGEST_REST_OF_MANY_MS, REST_MS_PER_EVENT * Math.max(0, this.#eventsRead - MANY_EVENTS))
  }

  #restless(): Restless {
    const { isDraining, monotonic } = this.#options
    const behind = this.#behind()
    if (!isDraining()) {
      return { changedWithinMs: behind * RESTLESS_MS, forAtMostMs: behind * LONGEST_REST_BEHIND_MS }
    }
    const sinceFlushMs = monotonic() - this.#flushedAt
    return {
      changedWithinMs: Math.min(RESTLESS_MS, sinceFlushMs + BEFORE_FLUSH_MS),
      forAtMostMs: LONGEST_REST_BEHIND_MS,
    }
  }

  /** How much the backlog slows everything down, from 0 to 1. Squared: a little behind costs little freshness. */
  #behind(): number {
    return this.#options.pressure() ** 2
  }

  #backOff(): number {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    return longest * (0.5 + this.#options.random() / 2)
  }
}

/** A wait that can be made shorter. */
class Pause {
  readonly over: Promise<void>
  #end!: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
    this.endIn(ms)
  }

  /** Ends it that many milliseconds from now, when that is earlier; called with the time that is left at most. */
  endIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#end, ms)
  }
}
