import type { Delivery } from '../delivery.ts'
import type { Outgoing } from '../outgoing.ts'
import { Slots } from './slots.ts'
import type { OnDelivered, Strategy } from './strategy.ts'

export interface BatchOptions {
  /** Events of a batch. */
  readonly size: number
  /** How long the first event of a batch waits for others, in milliseconds. */
  readonly intervalMs: number
}

/** Batches on their way at the same time. The embedded log commits all that wait in one transaction, so more of them cost less. */
const IN_FLIGHT = 16

/** `batch`: gathers events and sends them in one append, when there are so many or after so long. */
export class BatchStrategy implements Strategy {
  readonly #options: BatchOptions
  readonly #delivery: Delivery
  readonly #onDelivered: OnDelivered
  readonly #slots = new Slots(IN_FLIGHT)
  #gathered: Outgoing[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(options: BatchOptions, delivery: Delivery, onDelivered: OnDelivered) {
    this.#options = options
    this.#delivery = delivery
    this.#onDelivered = onDelivered
  }

  send(message: Outgoing): Promise<void> | undefined {
    this.#gathered.push(message)
    if (this.#gathered.length >= this.#options.size) return this.#sendGathered()
    this.#timer ??= setTimeout(() => void this.#sendGathered(), this.#options.intervalMs)
    return undefined
  }

  async drain(): Promise<void> {
    void this.#sendGathered()
    await this.#slots.idle()
  }

  #sendGathered(): Promise<void> | undefined {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#gathered
    if (batch.length === 0) return undefined
    this.#gathered = []
    return this.#slots.run(async () => {
      const delivered = await this.#delivery.send(batch, 'batch')
      batch.forEach((message, i) => {
        this.#onDelivered(message, delivered[i]!)
      })
    })
  }
}
