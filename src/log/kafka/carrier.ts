import { setTimeout as sleep } from 'node:timers/promises'
import { type API, type Callback, kGetApi, ProduceAcks, Producer } from '@platformatic/kafka'
import { guardConnections } from './connections.ts'
import { countSessions, mayBeWritten } from './doubt.ts'
import { isKafkaError } from './errors.ts'
import { clientOptions, type KafkaLogOptions } from './options.ts'
import type { PartitionRecords } from './partition-records.ts'
import { type Message, type PartitionProducer, produceApi } from './produce-request.ts'

/** Brings messages to the brokers: one by one, or in transactions. */
export interface Carrier {
  /** Whether one call at a time is served: what is asked for meanwhile had better wait, and go together. */
  readonly isSerial: boolean
  /** Waits until the brokers know this producer. What else is wrong is told to whoever sends. */
  begin(): Promise<void>
  /**
   * Sends rounds one after the other, each with one record batch for a partition. Throws the client's errors.
   *
   * @param mayBeThere called before it throws, unless it is certain that no reader will see any of the messages; and when messages
   * that were carried may be there twice
   */
  carry(rounds: readonly Message[][], mayBeThere: () => void): Promise<void>
  close(): Promise<void>
}

/** How often to ask for a producer's id, and the pause between, in milliseconds: a broker of Kafka 4 may have none at hand. */
const ASKS = 100
const ASK_PAUSE_MS = 100

/** Each round for itself: acknowledged by all replicas in sync. */
export class PlainCarrier implements Carrier {
  readonly isSerial = false
  readonly #options: KafkaLogOptions
  #opened: PartitionProducer | undefined
  #sessions = (): number => 0

  constructor(options: KafkaLogOptions) {
    this.#options = options
  }

  async begin(): Promise<void> {
    for (let ask = 0; ask < ASKS; ask++) {
      try {
        await this.#producer().initIdempotentProducer({})
        return
      } catch (error) {
        if (!isKafkaError(error, 'COORDINATOR_LOAD_IN_PROGRESS')) return
      }
      await sleep(ASK_PAUSE_MS)
    }
  }

  async carry(rounds: readonly Message[][], mayBeThere: () => void): Promise<void> {
    const producer = this.#producer()
    for (const [round, messages] of rounds.entries()) {
      const partitions = new Set(messages.map(({ partition }) => partition)).size
      const sessions = this.#sessions()
      try {
        await producer.send({ messages, acks: ProduceAcks.ALL, idempotent: true })
      } catch (error) {
        // Whoever tries again should ask the leader of that time.
        producer.clearMetadata()
        if (round > 0 || mayBeWritten(error, partitions)) mayBeThere()
        throw error
      }
      if (this.#sessions() > sessions && partitions > 1) mayBeThere()
    }
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }

  /**
   * Each send says that it is idempotent, and the producer does not: told so, it would try again by itself for ever. Within
   * a producer's session the brokers then refuse what comes twice or out of order. An attempt of the caller's is a new one to
   * them (doubt.ts): what reads the log drops repeats by their key.
   */
  #producer(): PartitionProducer {
    if (!this.#opened) {
      this.#opened = openProducer(this.#options)
      this.#sessions = countSessions(this.#opened)
    }
    return this.#opened
  }
}

/** The client's producer with a produce request of our own: the client asks this method for each request, and for its version. */
class RecordBatchProducer extends Producer<null, PartitionRecords> {
  readonly #produce = produceApi()

  override [kGetApi]<A extends unknown[], R>(name: string, callback: Callback<API<A, R>>): void {
    if (name === 'Produce') callback(null, this.#produce as unknown as API<A, R>)
    else super[kGetApi](name, callback)
  }
}

export function openProducer(
  options: KafkaLogOptions,
  more: { idempotent?: true; transactionalId?: string; retries?: false } = {},
): PartitionProducer {
  const producer = new RecordBatchProducer({
    ...clientOptions(options),
    // The leader has moved: the request was refused, and the next broker gets it. No attempt is counted for that.
    repeatOnStaleMetadata: true,
    ...more,
  })
  guardConnections(producer.connections)
  return producer
}
