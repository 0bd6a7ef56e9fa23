import { setTimeout as sleep } from 'node:timers/promises'
import { ProduceAcks, Producer } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import { checkRecord } from '../limits.ts'
import type { Bookkeeping, LogWriter, OutgoingRecord, Position } from '../port.ts'
import { guardConnections } from './connections.ts'
import { countSessions, mayBeWritten } from './doubt.ts'
import { isKafkaError, kafkaError } from './errors.ts'
import { clientOptions, type KafkaLogOptions } from './options.ts'
import type { KafkaTopic } from './topic.ts'

/**
 * The most that goes into one record batch, in bytes: below the million that brokers take by default (message.max.bytes), and a
 * record that is larger alone goes alone.
 */
const BATCH_BYTES = 900_000

/** What a record needs beside its key and value, in bytes, at most. */
const RECORD_OVERHEAD = 40

/**
 * How far apart the times of one record batch may lie, in milliseconds: the client writes greater differences wrongly
 * (it folds their sign as if they had 32 bits).
 */
const BATCH_SPAN_MS = 2 ** 30

/** How often to ask for a producer's id, and the pause between, in milliseconds: a broker of Kafka 4 may have none at hand. */
const ASKS = 100
const ASK_PAUSE_MS = 100

interface Waiting {
  readonly records: readonly OutgoingRecord[]
  readonly unanswered: () => void
  readonly resolve: (positions: Position[]) => void
  readonly reject: (error: unknown) => void
}

/** Sends to a topic. All writers of a process share it, so that their appends keep their order. */
export class KafkaSender {
  readonly #topic: KafkaTopic
  readonly #options: KafkaLogOptions
  #producer: Producer<Buffer | null, Buffer | null> | undefined
  #sessions = (): number => 0
  readonly #underWay = new Set<Promise<unknown>>()
  #waiting: Waiting[] = []

  constructor(topic: KafkaTopic, options: KafkaLogOptions) {
    this.#topic = topic
    this.#options = options
  }

  /** Waits until the brokers know this producer. What else is wrong is told to whoever sends. */
  async begin(): Promise<void> {
    this.#producer ??= this.#open()
    for (let ask = 0; ask < ASKS; ask++) {
      try {
        await this.#producer.initIdempotentProducer({})
        return
      } catch (error) {
        if (!isKafkaError(error, 'COORDINATOR_LOAD_IN_PROGRESS')) return
      }
      await sleep(ASK_PAUSE_MS)
    }
  }

  /**
   * Sends records, and resolves when every replica in sync has them. What is asked for in one turn of the event loop goes together, so
   * that appends of single records cost no request each.
   *
   * @param unanswered told of each attempt of which nobody knows what the brokers have
   */
  send(records: readonly OutgoingRecord[], unanswered: () => void): Promise<Position[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Position[]>()
    this.#waiting.push({ records, unanswered, resolve, reject })
    if (this.#waiting.length === 1) setImmediate(() => this.#sendWaiting())
    this.#underWay.add(promise)
    const done = (): void => {
      this.#underWay.delete(promise)
    }
    promise.then(done, done)
    return promise
  }

  #sendWaiting(): void {
    const group = this.#waiting
    this.#waiting = []
    const all = this.#send(
      group.flatMap(({ records }) => records),
      () => {
        for (const { unanswered } of group) unanswered()
      },
    )
    all.then(
      (positions) => {
        let from = 0
        for (const { records, resolve } of group) {
          resolve(positions.slice(from, from + records.length))
          from += records.length
        }
      },
      (error: unknown) => {
        const isRefused = error instanceof MillraceError && !error.retryable
        for (const { records, unanswered, resolve, reject } of group) {
          // Of several the brokers refused one; which it was is seen when each goes alone.
          if (isRefused && group.length > 1) this.#send(records, unanswered).then(resolve, reject)
          else reject(error)
        }
      },
    )
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async close(): Promise<void> {
    await this.idle()
    await this.#producer?.close()
  }

  async #send(records: readonly OutgoingRecord[], unanswered: () => void): Promise<Position[]> {
    const positions = new Array<Position>(records.length)
    const rounds = inRounds(records)
    this.#producer ??= this.#open()
    for (const [i, round] of rounds.entries()) {
      const sessions = this.#sessions()
      const bases = await this.#sendRound(this.#producer, round, records).catch((error: unknown) => {
        if (i > 0 || mayBeWritten(error, round.size)) unanswered()
        throw kafkaError(error, `sending to the topic ${this.#topic.name}`)
      })
      if (this.#sessions() > sessions && round.size > 1) unanswered()
      for (const [partition, indices] of round) {
        const base = bases.get(partition) ?? 0
        indices.forEach((index, i) => {
          positions[index] = { partition, offset: base + i }
        })
      }
    }
    return positions
  }

  /** One record batch for each partition; gives back their first offsets. */
  async #sendRound(
    producer: Producer<Buffer | null, Buffer | null>,
    round: Round,
    records: readonly OutgoingRecord[],
  ): Promise<Map<number, number>> {
    const topic = this.#topic.name
    const messages = Array.from(round.values(), (indices) =>
      indices.map((index) => {
        const { partition, key, value, timestampMs } = records[index]!
        const [k, v] = [asBuffer(key), asBuffer(value)]
        return { topic, partition, key: k, value: v, timestamp: BigInt(timestampMs) }
      }),
    ).flat()
    try {
      const { offsets = [] } = await producer.send({ messages, acks: ProduceAcks.ALL, idempotent: true })
      return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
    } catch (error) {
      // Whoever tries again should ask the leader of that time.
      producer.clearMetadata()
      throw error
    }
  }

  /**
   * Each send says that it is idempotent, and the producer does not: told so, it would try again by itself for ever. Within
   * a producer's session the brokers then refuse what comes twice or out of order. An attempt of the caller's is a new one to
   * them (doubt.ts): what reads the log drops repeats by their key.
   */
  #open(): Producer<Buffer | null, Buffer | null> {
    const producer = new Producer<Buffer | null, Buffer | null>({
      ...clientOptions(this.#options),
      compression: this.#options.compression ?? 'none',
      // The leader has moved: the request was refused, and the next broker gets it. No attempt is counted for that.
      repeatOnStaleMetadata: true,
    })
    guardConnections(producer.connections)
    this.#sessions = countSessions(producer)
    return producer
  }
}

export class KafkaWriter implements LogWriter {
  readonly #sender: KafkaSender
  readonly #topic: KafkaTopic
  readonly #onClose: () => void
  #closed = false

  constructor(sender: KafkaSender, topic: KafkaTopic, onClose: () => void) {
    this.#sender = sender
    this.#topic = topic
    this.#onClose = onClose
  }

  async append(records: readonly OutgoingRecord[], alongside?: Bookkeeping): Promise<Position[]> {
    if (this.#closed) throw new MillraceError('log_refused', 'the writer is closed')
    for (const record of records) checkRecord(record, this.#topic.partitions)
    const unanswered = (): void => alongside?.unanswered()
    const positions = records.length === 0 ? [] : await this.#sender.send(records, unanswered)
    alongside?.acknowledged()
    return positions
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#sender.idle()
    this.#onClose()
  }
}

/** For each partition the places of its records in what was given, in order. */
type Round = Map<number, number[]>

/** Shares records out, so that no partition gets more at once than one record batch may hold. */
function inRounds(records: readonly OutgoingRecord[]): Round[] {
  const rounds: Round[] = []
  const filled = new Map<number, { round: number; bytes: number; beganMs: number }>()
  records.forEach(({ partition, key, value, timestampMs }, index) => {
    const size = (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD
    let at = filled.get(partition)
    if (!at || at.bytes + size > BATCH_BYTES || Math.abs(timestampMs - at.beganMs) > BATCH_SPAN_MS) {
      at = { round: at ? at.round + 1 : 0, bytes: 0, beganMs: timestampMs }
      filled.set(partition, at)
    }
    at.bytes += size
    const round = rounds[at.round] ?? new Map<number, number[]>()
    rounds[at.round] = round
    const indices = round.get(partition)
    if (indices) indices.push(index)
    else round.set(partition, [index])
  })
  return rounds
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
