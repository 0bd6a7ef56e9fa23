import type { Delivered, Delivery } from './delivery.ts'
import { Originals } from './originals.ts'
import type { Outgoing } from './outgoing.ts'
import { type BatchOptions, BatchStrategy } from './strategies/batch.ts'
import { asyncStrategy, syncStrategy } from './strategies/one-by-one.ts'
import type { Strategy, StrategyName } from './strategies/strategy.ts'
import { pick, type Weights } from './weights.ts'

export type StrategyWeights = Weights<StrategyName>

export interface DispatcherOptions {
  readonly delivery: Delivery
  readonly weights: StrategyWeights
  readonly batch: BatchOptions
  /** A number from 0 up to 1. */
  readonly random: () => number
}

/** Gives each event to one of the strategies, by weight. */
export class Dispatcher {
  readonly #delivery: Delivery
  readonly #random: () => number
  readonly #strategies: Readonly<Record<StrategyName, Strategy>>
  readonly #originals = new Originals()
  #weights: StrategyWeights

  constructor({ delivery, weights, batch, random }: DispatcherOptions) {
    this.#delivery = delivery
    this.#random = random
    this.#weights = weights
    const onDelivered = (message: Outgoing, delivered: Delivered): void => {
      const { record, entry } = message
      if (entry.kind === 'view' && record.key !== null) this.#originals.end(record.key, delivered)
    }
    this.#strategies = {
      sync: syncStrategy(delivery, onDelivered),
      async: asyncStrategy(delivery, onDelivered),
      batch: new BatchStrategy(batch, delivery, onDelivered),
    }
  }

  get weights(): StrategyWeights {
    return this.#weights
  }

  setWeights(weights: StrategyWeights): void {
    this.#weights = weights
  }

  /**
   * Sends an event. Where there is a promise, the next event waits for it. A repeat has its key, the same array, from the message that it
   * repeats.
   */
  send(message: Outgoing): Promise<void> | undefined {
    const { record, entry } = message
    if (entry.kind === 'view' && record.key !== null) this.#originals.begin(record.key)
    if (entry.kind !== 'repeat' || record.key === null) return this.#choose().send(message)
    const original = this.#originals.outcome(record.key)
    return original === 'acknowledged' ? this.#choose().send(message) : this.#sendAfter(original, message)
  }

  /** Resolves when everything that was given to it is acknowledged or failed. */
  async drain(): Promise<void> {
    await Promise.all(Object.values(this.#strategies).map((strategy) => strategy.drain()))
  }

  #choose(): Strategy {
    return this.#strategies[pick(this.#weights, this.#random())]
  }

  /** What repeats a failed event goes where that one went: to be sent again, after it. */
  async #sendAfter(original: Delivered | Promise<Delivered>, message: Outgoing): Promise<void> {
    if ((await original) === 'acknowledged') await this.#choose().send(message)
    else await this.#delivery.keep([message], 'the event that it repeats could not be sent')
  }
}
