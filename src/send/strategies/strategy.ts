import type { Delivered } from '../delivery.ts'
import type { Outgoing } from '../outgoing.ts'

/** The ways of sending; one is chosen for each event, by weight. */
export type StrategyName = 'sync' | 'async' | 'batch'

/** Told for each message what became of it. */
export type OnDelivered = (message: Outgoing, delivered: Delivered) => void

/** A way of sending events. It holds a bounded number of them. */
export interface Strategy {
  /**
   * Takes an event. Called by one caller, which waits for the promise, where there is one, before it gives any strategy the
   * next event: that is how a slow log slows down the sender.
   */
  send(message: Outgoing): Promise<void> | undefined
  /** Sends what is held back, and resolves when nothing is under way any more. */
  drain(): Promise<void>
}
