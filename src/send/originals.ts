import type { Delivered } from './delivery.ts'

type Waiting = readonly ((delivered: Delivered) => void)[]

/** Most page views are repeated by nobody. */
const NOBODY: Waiting = []

/**
 * Page views on their way, by key, so that a repeat can wait for what it repeats: the ledger calls a message a repeat, and that is only
 * true once its original is in the log. Without this, a crash between the two would leave a repeat of nothing.
 */
export class Originals {
  readonly #underWay = new Map<string, Waiting>()
  readonly #failed = new Set<string>()

  /** A page view is about to be sent. */
  begin(key: string): void {
    this.#underWay.set(key, NOBODY)
  }

  /** It is in the log, or in the failed-events file. */
  end(key: string, delivered: Delivered): void {
    const waiting = this.#underWay.get(key)
    if (!waiting) return
    this.#underWay.delete(key)
    if (delivered === 'failed') this.#failed.add(key)
    for (const resolve of waiting) resolve(delivered)
  }

  /** What became of a page view; a promise while it is under way. */
  outcome(key: string): Delivered | Promise<Delivered> {
    const waiting = this.#underWay.get(key)
    if (waiting) return new Promise((resolve) => this.#underWay.set(key, [...waiting, resolve]))
    return this.#failed.has(key) ? 'failed' : 'acknowledged'
  }
}
