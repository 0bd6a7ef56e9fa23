import { setImmediate as turn } from 'node:timers/promises'
import { publish } from '../observe/events.ts'
import type { Dispatcher, StrategyWeights } from '../send/dispatcher.ts'
import type { Outgoing } from '../send/outgoing.ts'
import type { Partitioner, PartitioningWeights } from '../send/partitioning.ts'
import { DueEvents } from './due-events.ts'
import type { GeneratedEvent, Generator, Shares } from './generator/generator.ts'
import type { Mode, Pacer } from './generator/modes.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Events are generated: they became due, and there was room in the buffer. */
    'producer:generated': { events: number }
    /** Events were due and the buffer was full. */
    'producer:dropped': { events: number }
  }
}

export interface ProducerOptions {
  readonly generator: Generator
  readonly pacer: Pacer
  readonly partitioner: Partitioner
  readonly dispatcher: Dispatcher
  readonly bufferSize: number
  /** What becomes of events that are due while the buffer is full. */
  readonly whenFull: 'drop' | 'block'
  /** Whether the generator runs from the start. */
  readonly generate: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

/** How often it looks what is due. */
const TICK_MS = 10

/** Events that are made and sent without a pause; about 5 ms of work, and requests are answered in between. */
const AT_ONCE = 2_500

/**
 * Generates what is due, and sends it: buffer → generator → dispatcher.
 *
 * What is due while the buffer is full is dropped and never made, so that no later event repeats one that never was sent. A burst that
 * was asked for is never dropped: it goes on as room appears.
 */
export class Producer {
  readonly #options: ProducerOptions
  readonly #buffer: DueEvents
  #generating: boolean
  /** Events of bursts for which there was no room yet. */
  #owed = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined

  constructor(options: ProducerOptions) {
    this.#options = options
    this.#generating = options.generate
    this.#buffer = new DueEvents(options.bufferSize)
  }

  start(): void {
    this.#lastTick = this.#options.monotonic()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#sending = this.#sendAll()
  }

  /**
   * Stops generating, sends what waits, and resolves when all of it is acknowledged or in the failed-events file. What a
   * burst still owes is given up.
   */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#owed = 0
    this.#buffer.close()
    await this.#sending
    await this.#options.dispatcher.drain()
  }

  get generating(): boolean {
    return this.#generating
  }

  pause(): void {
    this.#generating = false
  }

  resume(): void {
    this.#generating = true
  }

  /** Asks for events at once, besides those that are due. */
  burst(count: number): void {
    this.#owed += count
    this.#takeOwed()
  }

  /** Events of bursts that wait for room. */
  get burstLeft(): number {
    return this.#owed
  }

  get mode(): Mode {
    return this.#options.pacer.mode
  }

  setMode(mode: Mode): void {
    this.#options.pacer.setMode(mode)
  }

  /** Events a second now, 0 while it is paused. */
  get rate(): number {
    return this.#generating ? this.#options.pacer.rateNow() : 0
  }

  /** The rate that was asked for instead of the mode's; null when the mode decides. */
  get speed(): number | null {
    return this.#options.pacer.speedEps
  }

  setSpeed(eps: number | null): void {
    this.#options.pacer.setSpeed(eps)
  }

  get shares(): Shares {
    return this.#options.generator.shares
  }

  setShares(shares: Shares): void {
    this.#options.generator.setShares(shares)
  }

  get partitioning(): PartitioningWeights {
    return this.#options.partitioner.weights
  }

  setPartitioning(weights: PartitioningWeights): void {
    this.#options.partitioner.setWeights(weights)
  }

  get strategies(): StrategyWeights {
    return this.#options.dispatcher.weights
  }

  setStrategies(weights: StrategyWeights): void {
    this.#options.dispatcher.setWeights(weights)
  }

  /** Events that wait to be sent, and how many may. */
  get buffer(): { used: number; size: number } {
    return { used: this.#buffer.used, size: this.#buffer.size }
  }

  #tick(): void {
    const { pacer, whenFull, monotonic } = this.#options
    const now = monotonic()
    const due = pacer.due(now - this.#lastTick)
    this.#lastTick = now
    if (this.#generating && due > 0) {
      const fitting = Math.min(due, this.#buffer.room)
      this.#take(fitting)
      if (due > fitting && whenFull === 'drop') publish('producer:dropped', { events: due - fitting })
    }
    this.#takeOwed()
  }

  #takeOwed(): void {
    const fitting = Math.min(this.#owed, this.#buffer.room)
    this.#owed -= fitting
    this.#take(fitting)
  }

  #take(events: number): void {
    if (events === 0) return
    this.#buffer.add(events, this.#options.now())
    publish('producer:generated', { events })
  }

  async #sendAll(): Promise<void> {
    while (await this.#buffer.ready()) {
      await this.#sendSome()
      this.#takeOwed()
      await turn()
    }
  }

  async #sendSome(): Promise<void> {
    const { dispatcher, generator } = this.#options
    for (let sent = 0; sent < AT_ONCE; sent++) {
      const dueAtMs = this.#buffer.take()
      if (dueAtMs === undefined) return
      const busy = dispatcher.send(this.#outgoing(generator.next(dueAtMs)))
      if (busy !== undefined) await busy
    }
  }

  /** The record's time is that of sending, not of the event: what is sent again is as old as it is. */
  #outgoing({ key, value, pageId, entry, original }: GeneratedEvent): Outgoing {
    const { partitioner, now } = this.#options
    return { partition: partitioner.choose(pageId), key, value, timestampMs: now(), entry, original }
  }
}
