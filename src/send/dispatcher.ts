import type { Delivered, Delivery } from './delivery.ts'
import type { Original } from './original.ts'
import type { Outgoing } from './outgoing.ts'
import { AsyncStrategy } from './strategies/async.ts'
import { type BatchOptions, BatchStrategy } from './strategies/batch.ts'
import { Slots } from './strategies/slots.ts'
import type { Strategy, StrategyName } from './strategies/strategy.ts'
import { SyncStrategy } from './strategies/sync.ts'
import { pick, type Weights } from './weights.ts'

export type StrategyWeights = Weights<StrategyName>

export interface DispatcherOptions {
  readonly delivery: Delivery
  readonly weights: StrategyWeights
  readonly batch: BatchOptions
  /** A number from 0 up to 1. */
  readonly random: () => number
}

/**
 * Repeats that wait for their originals at the same time. There are as many only when the log is slow, and then whoever sends waits, too:
 * what waits here fills no batch, and its original may be in a batch that is not full.
 */
const WAITING = 1_000

/** Gives each event to one of the strategies, by weight. */
export class Dispatcher {
  readonly #delivery: Delivery
  readonly #random: () => number
  readonly #strategies: Readonly<Record<StrategyName, Strategy>>
  readonly #waiting = new Slots(WAITING)
  #weights: StrategyWeights

  constructor({ delivery, weights, batch, random }: DispatcherOptions) {
    this.#delivery = delivery
    this.#random = random
    this.#weights = weights
    const onDelivered = ({ entry, original }: Outgoing, delivered: Delivered): void => {
      if (entry.kind === 'view') original?.end(delivered)
    }
    this.#strategies = {
      sync: new SyncStrategy(delivery, onDelivered),
      async: new AsyncStrategy(delivery, onDelivered),
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
   * Sends an event. Where there is a promise, the next event waits for it; a repeat that waits for its original, which was given before
   * it, holds up no others.
   */
  send(message: Outgoing): Promise<void> | undefined {
    const { entry, original } = message
    if (entry.kind !== 'repeat' || original === undefined) return this.#choose().send(message)
    const outcome = original.outcome()
    if (outcome === 'acknowledged') return this.#choose().send(message)
    return this.#waiting.run(() => this.#sendAfter(original, outcome, message))
  }

  /** Resolves when everything that was given to it is acknowledged or failed. */
  async drain(): Promise<void> {
    const strategies = Object.values(this.#strategies)
    const drained = (): Promise<unknown> => Promise.all(strategies.map((strategy) => strategy.drain()))
    await drained()
    // Their originals are in the log now, and they go to the strategies.
    await this.#waiting.idle()
    await drained()
  }

  #choose(): Strategy {
    return this.#strategies[pick(this.#weights, this.#random())]
  }

  /**
   * What repeats a failed event goes where that one went, and as the same page view: of those that are sent again the ledger counts the
   * first as a view and the others as repeats. It may be the only one, since a full disk keeps no failed events. Others do not wait for room:
   * they are as many as can wait here, at most.
   */
  async #sendAfter(
    { entry }: Original,
    outcome: Delivered | Promise<Delivered>,
    message: Outgoing,
  ): Promise<void> {
    if ((await outcome) === 'acknowledged') return void this.#choose().send(message)
    await this.#delivery.keep([{ ...message, entry }], 'the event that it repeats could not be sent')
  }
}
