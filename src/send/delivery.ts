import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../errors.ts'
import type { Ledger, Sending } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import { publish } from '../observe/events.ts'
import type { FailedEvents } from './failed-events.ts'
import type { Outgoing } from './outgoing.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Messages were acknowledged by the log. `repeats` and `invalid` are among them. */
    'producer:sent': {
      strategy: string
      records: number
      bytes: number
      repeats: number
      invalid: number
      ms: number
    }
    /** Messages were given up, after so long, and are kept in the failed-events file. */
    'producer:failed': { records: number; message: string; ms: number }
  }
}

/** How often the ledger is asked to write down what is sent, and the pause between, in milliseconds. */
const BEGIN_ATTEMPTS = 5
const BEGIN_PAUSE_MS = 1_000

/** Whether the messages are in the log now, or in the failed-events file. */
export type Delivered = 'acknowledged' | 'failed'

export interface DeliveryOptions {
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly failedEvents: FailedEvents
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

/** Hands messages to the log, together with their entries for the ledger, and keeps what the log does not take. */
export class Delivery {
  readonly #options: DeliveryOptions

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /**
   * Sends messages in one append. Of several that failed together each is tried alone, so that one that can't be sent does not
   * take the others with it.
   *
   * @param strategy how they are sent, for the metrics
   * @returns for each message what became of it. Never throws for a message, only when it cannot be kept either.
   */
  async send(messages: readonly Outgoing[], strategy: string): Promise<Delivered[]> {
    const began = this.#options.monotonic()
    let sending: Sending
    try {
      sending = await this.#begin(messages)
    } catch (error) {
      await this.keep(messages, messageOf(error), this.#options.monotonic() - began)
      return messages.map(() => 'failed')
    }
    return this.#send(messages, sending, strategy)
  }

  /** A disk that is full may have room again a moment later. */
  async #begin(messages: readonly Outgoing[]): Promise<Sending> {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#options.ledger.begin(messages)
      } catch (error) {
        if (attempt === BEGIN_ATTEMPTS || !(error instanceof MillraceError && error.retryable)) throw error
        await sleep(BEGIN_PAUSE_MS)
      }
    }
  }

  async #send(messages: readonly Outgoing[], sending: Sending, strategy: string): Promise<Delivered[]> {
    const { writer, monotonic } = this.#options
    const began = monotonic()
    try {
      await writer.append(messages, sending)
    } catch (error) {
      if (messages.length > 1) {
        const alone = sending.split()
        const each = messages.map((message, i) => this.#send([message], alone[i]!, strategy))
        return (await Promise.all(each)).flat()
      }
      sending.givenUp()
      await this.keep(messages, messageOf(error), monotonic() - began)
      return messages.map(() => 'failed')
    }
    publish('producer:sent', { strategy, ...measure(messages), ms: monotonic() - began })
    return messages.map(() => 'acknowledged')
  }

  /**
   * Puts messages into the failed-events file.
   *
   * @param ms how long it was tried to send them
   */
  async keep(messages: readonly Outgoing[], reason: string, ms = 0): Promise<void> {
    await this.#options.failedEvents.keep(messages, reason)
    publish('producer:failed', { records: messages.length, message: reason, ms })
  }
}

function measure(messages: readonly Outgoing[]) {
  const sum = { records: messages.length, bytes: 0, repeats: 0, invalid: 0 }
  for (const { key, value, entry } of messages) {
    sum.bytes += (key?.length ?? 0) + (value?.length ?? 0)
    if (entry.kind === 'repeat') sum.repeats += 1
    else if (entry.kind === 'invalid') sum.invalid += 1
  }
  return sum
}
