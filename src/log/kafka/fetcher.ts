import type { Broker, Connection, ConnectionPool } from '@platformatic/kafka'
import { protocolErrorsCodesById } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import { kafkaError, VERDICTS } from './errors.ts'
import { type FetchedPartition, type FetchPosition, fetchApi } from './fetch-request.ts'
import { RecordChunk } from './record-chunk.ts'
import type { KafkaTopic } from './topic.ts'
import type { Unpacked } from './unpack.ts'
import type { Unpacker } from './unpacker.ts'

/** How much to ask for of one partition, and of all that a broker leads, in bytes. */
const PARTITION_BYTES = 2 ** 20
const RESPONSE_BYTES = 16 * 2 ** 20

/** What a broker answered about one partition: records (perhaps none), or that the position is not in the log. */
export type Answer =
  | { readonly partition: number; readonly kind: 'chunk'; readonly chunk: RecordChunk; readonly end: number }
  | { readonly partition: number; readonly kind: 'out-of-range' }
  /** The leader has moved or is being chosen, or the topic is another one: ask for the leaders again. */
  | { readonly partition: number; readonly kind: 'stale'; readonly error: MillraceError }

/**
 * Errors of a partition that end with the next look at the metadata. Whatever else a partition says ends the request.
 */
const STALE: ReadonlySet<string> = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_LEADER_EPOCH',
  'FENCED_LEADER_EPOCH',
  'REPLICA_NOT_AVAILABLE',
  'OFFSET_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'KAFKA_STORAGE_ERROR',
])

/** Asks one broker for records, once. */
export class Fetcher {
  readonly #topic: KafkaTopic
  readonly #connections: ConnectionPool
  readonly #unpacker: Unpacker | undefined

  /** @param unpacker unpacks large chunks; without, they are unpacked when they are read */
  constructor(topic: KafkaTopic, connections: ConnectionPool, unpacker?: Unpacker) {
    this.#topic = topic
    this.#connections = connections
    this.#unpacker = unpacker
  }

  /**
   * @param positions of partitions that this broker leads
   * @throws MillraceError `log_unavailable`, `log_refused`
   */
  async fetch(
    broker: Broker,
    positions: readonly FetchPosition[],
    limit: { maxWaitMs: number; maxBytes?: number },
  ): Promise<Answer[]> {
    const doing = `reading from ${broker.host}:${broker.port}`
    const request = {
      topicId: this.#topic.id,
      positions,
      maxWaitMs: limit.maxWaitMs,
      maxBytes: Math.min(limit.maxBytes ?? RESPONSE_BYTES, RESPONSE_BYTES),
      partitionBytes: Math.min(limit.maxBytes ?? PARTITION_BYTES, PARTITION_BYTES),
    }
    try {
      const connection: Connection = await this.#connections.get(broker)
      const { errorCode, partitions } = await fetchApi.async(connection, request)
      if (errorCode !== 0) throw failure(errorCode, doing)
      const offsets = new Map(positions.map(({ partition, offset }) => [partition, offset]))
      return await Promise.all(
        partitions.map(async (each) => {
          const unpacked = await this.#unpacker?.unpack(each.records)
          return answerOf(each, unpacked, offsets.get(each.partition) ?? 0, doing)
        }),
      )
    } catch (error) {
      throw kafkaError(error, doing)
    }
  }
}

function answerOf(
  fetched: FetchedPartition,
  unpacked: Unpacked | undefined,
  offset: number,
  doing: string,
): Answer {
  const { partition, errorCode, records, abortedTransactions, lastStableOffset } = fetched
  if (errorCode === 0) {
    const chunk = new RecordChunk(partition, offset, records, abortedTransactions, unpacked)
    return { partition, kind: 'chunk', chunk, end: lastStableOffset }
  }
  const name = protocolErrorsCodesById[errorCode] ?? ''
  if (name === 'OFFSET_OUT_OF_RANGE') return { partition, kind: 'out-of-range' }
  const error = failure(errorCode, `${doing}, partition ${partition}`)
  if (STALE.has(name)) return { partition, kind: 'stale', error }
  throw error
}

function failure(errorCode: number, doing: string): MillraceError {
  const name = protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`
  const { code, hint } = VERDICTS[name] ?? { code: 'log_unavailable' }
  return new MillraceError(code, `Kafka: ${doing}: ${name}`, { ...(hint !== undefined && { hint }) })
}
