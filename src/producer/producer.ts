import { publish } from '../observe/events.ts'
import type { Dispatcher, StrategyWeights } from '../send/dispatcher.ts'
import type { Outgoing } from '../send/outgoing.ts'
import type { Partitioner, PartitioningWeights } from '../send/partitioning.ts'
import { EventBuffer } from './event-buffer.ts'
import type { GeneratedEvent, Generator, Shares } from './generator/generator.ts'
import type { Mode, Pacer } from './generator/modes.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Events were generated and put into the buffer. */
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

/** Events that are generated without a pause; about 5 ms of work, and requests are answered in between. */
const AT_ONCE = 1_000

/** Events of bursts that wait to be sent at the same time: more of them would be no sooner in the log, and only fill the memory. */
const BURST_AHEAD = 10 * AT_ONCE

/**
 * Generates what is due, and sends it: generator → buffer → dispatcher.
 *
 * What is due while the buffer is full is dropped before it is made, so that no later event repeats one that never was sent. A burst that
 * was asked for is never dropped: it goes on as room appears.
 */
export class Producer {
  readonly #options: ProducerOptions
  readonly #buffer: EventBuffer<GeneratedEvent>
  #generating: boolean
  /** Events of bursts that have not been generated yet. */
  #owed = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined
  #sending: Promise<void> | undefined

  constructor(options: ProducerOptions) {
    this.#options = options
    this.#generating = options.generate
    this.#buffer = new EventBuffer(options.bufferSize)
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
    clearImmediate(this.#soon)
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
    this.#tick()
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
    let generated = 0
    if (this.#generating && due > 0) {
      const fitting = Math.min(due, this.#buffer.room)
      generated += this.#generate(fitting)
      if (due > fitting && whenFull === 'drop') publish('producer:dropped', { events: due - fitting })
    }
    const ahead = Math.max(0, BURST_AHEAD - this.#buffer.used)
    const ofBursts = this.#generate(Math.min(this.#owed, this.#buffer.room, AT_ONCE, ahead))
    this.#owed -= ofBursts
    generated += ofBursts
    if (generated > 0) publish('producer:generated', { events: generated })
    if (ofBursts > 0 && this.#owed > 0) this.#tickSoon()
  }

  /** A burst goes on as soon as requests and sending have had their turn: the next tick may be far away for it. */
  #tickSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined
      this.#tick()
    })
  }

  #generate(count: number): number {
    const { generator, now } = this.#options
    for (let i = 0; i < count; i++) this.#buffer.push(generator.next(now()))
    return count
  }

  async #sendAll(): Promise<void> {
    const { dispatcher } = this.#options
    while (await this.#buffer.ready()) {
      for (let sent = 0; sent < AT_ONCE; sent++) {
        const event = this.#buffer.shift()
        if (!event) break
        const busy = dispatcher.send(this.#outgoing(event))
        if (busy !== undefined) await busy
      }
    }
  }

  /** The record's time is that of sending, not of the event: what is sent again is as old as it is. */
  #outgoing({ key, value, pageId, entry }: GeneratedEvent): Outgoing {
    const { partitioner, now } = this.#options
    return { partition: partitioner.choose(pageId), key, value, timestampMs: now(), entry }
  }
}
