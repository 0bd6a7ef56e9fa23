import type { ConsumerStatus } from '../../consumer/status.ts'
import type { ProducerStatus } from '../../producer/status.ts'
import { Progress } from '../progress.ts'
import { summary } from './summary.ts'

const EVERY_MS = 1_000

export interface Watched {
  readonly producerUrl: () => string | undefined
  readonly consumerUrl: () => string | undefined
  readonly storeUrl: () => string
  /** What requests need when the services ask for a token; empty when not. */
  readonly token: string
}

/** Shows the state of the system on a terminal, as the services tell it. */
export class Watch {
  readonly #watched: Watched
  readonly #progress: Progress
  #timer: NodeJS.Timeout | undefined
  #asking = false
  #before = { sent: 0, processed: 0, at: performance.now() }

  constructor(watched: Watched, stream: NodeJS.WriteStream) {
    this.#watched = watched
    this.#progress = new Progress(stream)
  }

  start(): void {
    this.#timer = setInterval(() => void this.#show(), EVERY_MS)
    void this.#show()
  }

  /** Puts a line above the summary. */
  say(line: string): void {
    this.#progress.say(line)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#progress.keep()
  }

  async #show(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const { producerUrl, consumerUrl, storeUrl } = this.#watched
    const [producer, consumer] = await Promise.all([
      this.#ask<ProducerStatus>(producerUrl()),
      this.#ask<ConsumerStatus>(consumerUrl()),
    ])
    this.#asking = false
    if (!this.#timer) return
    const now = performance.now()
    const seconds = Math.max(0.001, (now - this.#before.at) / 1_000)
    const sent = producer?.sent ?? 0
    const processed = consumer?.processed ?? 0
    this.#progress.show(
      summary({
        nowMs: Date.now(),
        producerUrl: producerUrl(),
        consumerUrl: consumerUrl(),
        storeUrl: storeUrl(),
        producer,
        consumer,
        sentPerSecond: Math.max(0, (sent - this.#before.sent) / seconds),
        processedPerSecond: Math.max(0, (processed - this.#before.processed) / seconds),
      }),
    )
    this.#before = { sent, processed, at: now }
  }

  async #ask<Status>(url: string | undefined): Promise<Status | undefined> {
    if (url === undefined) return undefined
    try {
      const { token } = this.#watched
      const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(`${url}/status`, { headers, signal: AbortSignal.timeout(2_000) })
      return response.ok ? ((await response.json()) as Status) : undefined
    } catch {
      return undefined
    }
  }
}
