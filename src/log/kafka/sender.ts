import { MillraceError } from '../../errors.ts'
import type { OutgoingRecord } from '../port.ts'
import { type Carrier, PlainCarrier } from './carrier.ts'
import { kafkaError } from './errors.ts'
import type { Compression, KafkaLogOptions } from './options.ts'
import { inRounds, messagesOf } from './rounds.ts'
import type { KafkaTopic } from './topic.ts'
import { TransactionalCarrier } from './transactions.ts'

interface Waiting {
  readonly records: readonly OutgoingRecord[]
  readonly unanswered: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Sends to a topic. All writers of a process share it, so that their appends keep their order. */
export class KafkaSender {
  readonly #topic: KafkaTopic
  readonly #carrier: Carrier
  readonly #compression: Compression
  readonly #underWay = new Set<Promise<unknown>>()
  #waiting: Waiting[] = []
  #isAwake = false
  #carrying = 0

  constructor(topic: KafkaTopic, options: KafkaLogOptions) {
    this.#topic = topic
    this.#compression = options.compression ?? 'none'
    this.#carrier = options.transactions ? new TransactionalCarrier(options) : new PlainCarrier(options)
  }

  begin(): Promise<void> {
    return this.#carrier.begin()
  }

  /**
   * Sends records, and resolves when every replica in sync has them. What is asked for in one turn of the event loop goes together, so
   * that appends of single records cost no request each; with transactions, what is asked for while one is under way.
   *
   * @param unanswered called for each attempt that failed and of which some records may be in the log all the same
   */
  send(records: readonly OutgoingRecord[], unanswered: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ records, unanswered, resolve, reject })
    this.#wake()
    this.#underWay.add(promise)
    const done = (): void => {
      this.#underWay.delete(promise)
    }
    promise.then(done, done)
    return promise
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async close(): Promise<void> {
    await this.idle()
    await this.#carrier.close()
  }

  #wake(): void {
    if (this.#isAwake || this.#waiting.length === 0) return
    if (this.#carrier.isSerial && this.#carrying > 0) return
    this.#isAwake = true
    setImmediate(() => {
      this.#isAwake = false
      const group = this.#waiting
      this.#waiting = []
      this.#carrying += 1
      void this.#sendGroup(group).finally(() => {
        this.#carrying -= 1
        this.#wake()
      })
    })
  }

  /** Never throws: each of the group is told. */
  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const records = group.length === 1 ? group[0]!.records : group.flatMap((each) => each.records)
      await this.#send(records, () => {
        for (const { unanswered } of group) unanswered()
      })
      for (const { resolve } of group) resolve()
    } catch (error) {
      const isRefused = error instanceof MillraceError && !error.retryable
      // Of several the brokers refused one; which it was is seen when each goes alone.
      if (isRefused && group.length > 1) await Promise.all(group.map((each) => this.#sendGroup([each])))
      else for (const { reject } of group) reject(error)
    }
  }

  async #send(records: readonly OutgoingRecord[], unanswered: () => void): Promise<void> {
    const topic = this.#topic.name
    const messages = inRounds(records).map((round) => messagesOf(topic, round, records, this.#compression))
    await this.#carrier.carry(messages, unanswered).catch((error: unknown) => {
      throw kafkaError(error, `sending to the topic ${topic}`)
    })
  }
}
