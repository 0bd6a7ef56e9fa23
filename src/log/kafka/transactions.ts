import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProduceAcks } from '@platformatic/kafka'
import { type Carrier, openProducer } from './carrier.ts'
import { isKafkaError } from './errors.ts'
import type { KafkaLogOptions } from './options.ts'
import type { Message, PartitionProducer } from './produce-request.ts'

type Transaction = Awaited<ReturnType<PartitionProducer['beginTransaction']>>

/** The coordinator is busy with our last transaction, moves, or begins: it did nothing yet, and will soon. */
const NOT_YET = [
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
]
const WAITS = 500
const WAIT_MS = 20

/** Asks for the id anew: what the client asks by default, "am I still number 0", the brokers deny whoever has another number. */
const AS_NEW = { producerId: -1n, producerEpoch: -1 }

/**
 * What is carried together is in the log for readers altogether, or not at all.
 *
 * The transactional id is this process's alone, and the same for as long as it lives. One id for several processes would
 * make each fence the others off, again and again. A new id for each producer would leave what a failed one had begun open until the
 * brokers' time-out, and nobody reads beyond that; a producer of the same id ends it at once, and nothing late of the
 * failed one is taken. An id that outlives the process would do that for a killed one as well, but nobody knows which of the
 * processes on a data directory comes next, and it has no work to take up: what is not acknowledged is sent again anyway.
 */
export class TransactionalCarrier implements Carrier {
  readonly isSerial = true
  readonly #options: KafkaLogOptions
  readonly #id: string
  #producer: PartitionProducer | undefined
  /** A producer has one transaction at a time. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: KafkaLogOptions) {
    this.#options = options
    this.#id = `${options.clientId ?? 'millrace'}-${randomUUID()}`
  }

  async begin(): Promise<void> {}

  carry(rounds: readonly Message[][], mayBeThere: () => void): Promise<void> {
    const mine = this.#last.then(() => this.#carry(rounds, mayBeThere))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async close(): Promise<void> {
    await this.#last
    await this.#producer?.close()
  }

  async #carry(rounds: readonly Message[][], mayBeThere: () => void): Promise<void> {
    let begun: Transaction | undefined
    try {
      const transaction = await this.#beginTransaction()
      await this.#addPartitions(transaction, rounds.flat())
      begun = transaction
      for (const messages of rounds) {
        await transaction.send({ messages, acks: ProduceAcks.ALL, idempotent: true })
      }
      await transaction.commit()
    } catch (error) {
      // An abort that is confirmed is certain also when a commit went unanswered: what is committed is not aborted any more.
      if (begun && !(await succeeds(begun.abort()))) mayBeThere()
      await this.#discard()
      throw error
    }
  }

  /** The coordinator may put this off, and that must not be mistaken for a send that failed: some of that may be in the log. */
  async #addPartitions(transaction: Transaction, messages: readonly Message[]): Promise<void> {
    const topics = [...new Set(messages.map(({ topic }) => topic))]
    await whenReady(async () => {
      const metadata = await this.#producer!.metadata({ topics })
      await transaction.addPartitions(
        metadata,
        messages.map((message) => ({ ...message })) as unknown as Parameters<Transaction['addPartitions']>[1],
      )
    })
  }

  async #beginTransaction(): Promise<Transaction> {
    return whenReady(async () => {
      this.#producer ??= openProducer(this.#options, {
        idempotent: true,
        transactionalId: this.#id,
        // A number below 2 would be for ever.
        retries: false,
      })
      const producer = this.#producer
      try {
        return await producer.beginTransaction(AS_NEW)
      } catch (error) {
        // It stays "in a transaction" that never began.
        await producer.transaction?.cancel()
        throw error
      }
    })
  }

  /**
   * After a failure the client's count of what it sent is not the brokers', and it may be fenced off: its transaction took longer than
   * the brokers allow. The next producer gets a new epoch.
   */
  async #discard(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    if (producer) await succeeds(producer.close())
  }
}

async function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  for (let wait = 1; ; wait++) {
    try {
      return await ask()
    } catch (error) {
      if (wait === WAITS || !isKafkaError(error, ...NOT_YET)) throw error
    }
    await sleep(WAIT_MS)
  }
}

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  )
}
