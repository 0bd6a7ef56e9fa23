import type { Delivery } from '../delivery.ts'
import type { Outgoing } from '../outgoing.ts'
import { Slots } from './slots.ts'
import type { OnDelivered, Strategy } from './strategy.ts'

/** A few lanes, so that the pauses of one event's retries don't hold up all others. */
const LANES = 16

/** `sync`: a lane sends one event, waits for its acknowledgement, and takes the next. */
export class SyncStrategy implements Strategy {
  readonly #delivery: Delivery
  readonly #onDelivered: OnDelivered
  readonly #slots = new Slots(LANES)

  constructor(delivery: Delivery, onDelivered: OnDelivered) {
    this.#delivery = delivery
    this.#onDelivered = onDelivered
  }

  send(message: Outgoing): Promise<void> | undefined {
    return this.#slots.run(async () => {
      const [delivered] = await this.#delivery.send([message], 'sync')
      this.#onDelivered(message, delivered!)
    })
  }

  drain(): Promise<void> {
    return this.#slots.idle()
  }
}
