import type { Delivery } from '../delivery.ts'
import type { Outgoing } from '../outgoing.ts'
import { Slots } from './slots.ts'
import type { OnDelivered, Strategy } from './strategy.ts'

/**
 * `sync`: a lane sends one event, waits for its acknowledgement, and takes the next. A few lanes, so that the pauses of one
 * event's retries don't hold up all others.
 */
const SYNC_LANES = 16

/** `async`: many in flight, and a callback for the outcome of each. */
const ASYNC_IN_FLIGHT = 1_000

/** Sends each event in an append of its own, a bounded number of them at the same time. */
class OneByOne implements Strategy {
  readonly #name: string
  readonly #delivery: Delivery
  readonly #onDelivered: OnDelivered
  readonly #slots: Slots

  constructor(name: string, size: number, delivery: Delivery, onDelivered: OnDelivered) {
    this.#name = name
    this.#delivery = delivery
    this.#onDelivered = onDelivered
    this.#slots = new Slots(size)
  }

  send(message: Outgoing): Promise<void> | undefined {
    return this.#slots.run(async () => {
      const [delivered] = await this.#delivery.send([message], this.#name)
      this.#onDelivered(message, delivered!)
    })
  }

  drain(): Promise<void> {
    return this.#slots.idle()
  }
}

export function syncStrategy(delivery: Delivery, onDelivered: OnDelivered): Strategy {
  return new OneByOne('sync', SYNC_LANES, delivery, onDelivered)
}

export function asyncStrategy(delivery: Delivery, onDelivered: OnDelivered): Strategy {
  return new OneByOne('async', ASYNC_IN_FLIGHT, delivery, onDelivered)
}
