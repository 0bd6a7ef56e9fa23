import { createAPI, type Producer, produceV9, Writer } from '@platformatic/kafka'
import type { PartitionRecords } from './partition-records.ts'

/** The records of a partition, as the client takes what it calls a message. */
export interface Message {
  readonly topic: string
  readonly partition: number
  readonly key: null
  readonly value: PartitionRecords
}

export type PartitionProducer = Producer<null, PartitionRecords>

/** What the client says beside the messages. */
interface ProduceOptions {
  readonly producerId?: bigint
  readonly producerEpoch?: number
  /** The client's own count of sequence numbers, where it is asked to be idempotent. */
  readonly sequences?: unknown
  readonly transactionalId?: string | undefined
}

/** Brokers have this version since 2.4. */
const PRODUCE_KEY = 0
const PRODUCE_VERSION = 9

/** Sessions whose sequence numbers are remembered: requests of the last one may be under way when the next has begun. */
const SESSIONS = 4

/** Sequence numbers begin anew behind the largest that 32 bits with a sign hold. */
const SEQUENCES = 2 ** 31

/**
 * The numbers of what a producer sends, for each partition, in the order of the requests. A session is a producer id: it begins at 0. What
 * is sent a second time in one session has the number that it had.
 */
class Sequences {
  readonly #next = new Map<bigint, Map<number, number>>()
  readonly #given = new WeakMap<PartitionRecords, { producerId: bigint; sequence: number }>()

  of(producerId: bigint, partition: number, records: PartitionRecords): number {
    const given = this.#given.get(records)
    if (given?.producerId === producerId) return given.sequence
    let session = this.#next.get(producerId)
    if (!session) {
      session = new Map()
      this.#next.set(producerId, session)
      if (this.#next.size > SESSIONS) this.#next.delete(this.#next.keys().next().value!)
    }
    const sequence = session.get(partition) ?? 0
    session.set(partition, (sequence + records.count) % SEQUENCES)
    this.#given.set(records, { producerId, sequence })
    return sequence
  }
}

type ProduceArguments = [
  acks: number,
  timeoutMs: number,
  messages: readonly Message[],
  options: ProduceOptions,
]

/**
 * Kafka's Produce request with record batches that are written by us, for one producer. Who leads which partition, producer ids and what
 * is tried again stays with the client, which sees one message for each partition.
 * https://kafka.apache.org/protocol#The_Messages_Produce
 */
export function produceApi() {
  const sequences = new Sequences()
  const encode = (...args: ProduceArguments): Writer | Promise<Writer> => request(sequences, ...args)
  return createAPI<ProduceArguments, boolean | produceV9.ProduceResponse>(
    PRODUCE_KEY,
    PRODUCE_VERSION,
    encode,
    produceV9.parseResponse,
  )
}

function request(
  sequences: Sequences,
  ...[acks, timeoutMs, messages, options]: ProduceArguments
): Writer | Promise<Writer> {
  const { producerId = -1n, producerEpoch = -1, transactionalId } = options
  const batches = messages.map(({ partition, value }) =>
    value.batch({
      producerId,
      producerEpoch,
      sequence: options.sequences ? sequences.of(producerId, partition, value) : -1,
      transactional: transactionalId !== undefined,
    }),
  )
  const write = (written: readonly Buffer[]): Writer =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt16(acks)
      .appendInt32(timeoutMs)
      // All of one topic: a producer is for one log.
      .appendArray([messages[0]!.topic], (topics, topic) => {
        topics.appendString(topic).appendArray([...messages], (partitions, { partition }, i) => {
          partitions.appendInt32(partition).appendBytes(written[i]!)
        })
      })
      .appendTaggedFields()
  return batches.some((batch) => batch instanceof Promise)
    ? Promise.all(batches).then(write)
    : write(batches as Buffer[])
}
