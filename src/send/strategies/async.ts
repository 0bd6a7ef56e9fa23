import type { Delivery } from '../delivery.ts'
import type { Outgoing } from '../outgoing.ts'
import { Slots } from './slots.ts'
import type { OnDelivered, Strategy } from './strategy.ts'

/** Events on their way at the same time. */
const IN_FLIGHT = 1_000

/** Of them so many go together at most, so that some are always under way while others are made. */
const TOGETHER = 250

/**
 * `async`: many in flight, and a callback for the outcome of each. Nothing is waited for: what is given in one turn of the event loop shares
 * an append, which the log would send in one request anyway, and is written down for the ledger once and not event by event.
 */
export class AsyncStrategy implements Strategy {
  readonly #delivery: Delivery
  readonly #onDelivered: OnDelivered
  readonly #slots = new Slots(IN_FLIGHT)
  #given: Outgoing[] = []
  #turn: NodeJS.Immediate | undefined

  constructor(delivery: Delivery, onDelivered: OnDelivered) {
    this.#delivery = delivery
    this.#onDelivered = onDelivered
  }

  send(message: Outgoing): Promise<void> | undefined {
    this.#given.push(message)
    if (this.#given.length >= TOGETHER) void this.#sendGiven()
    else this.#turn ??= setImmediate(() => void this.#sendGiven())
    return this.#slots.take()
  }

  async drain(): Promise<void> {
    void this.#sendGiven()
    await this.#slots.idle()
  }

  async #sendGiven(): Promise<void> {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const messages = this.#given
    if (messages.length === 0) return
    this.#given = []
    const delivered = await this.#delivery.send(messages, 'async')
    messages.forEach((message, i) => {
      this.#onDelivered(message, delivered[i]!)
    })
    this.#slots.release(messages.length)
  }
}
