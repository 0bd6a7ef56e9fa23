import { createAPI, FetchIsolationLevels, type Reader, Writer } from '@platformatic/kafka'

/** A partition to read from, and where. */
export interface FetchPosition {
  readonly partition: number
  readonly offset: number
}

export interface FetchedPartition {
  readonly partition: number
  /** 0 when there is none. */
  readonly errorCode: number
  /** The offset behind the last record that may be read: those of open transactions come later. */
  readonly lastStableOffset: number
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Record batches as they are in the log, the last one perhaps cut off. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FetchResponse {
  /** 0 when there is none. */
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

export interface FetchRequest {
  readonly topicId: string
  readonly positions: readonly FetchPosition[]
  /** How long the broker waits when there is nothing. */
  readonly maxWaitMs: number
  /** Of all partitions together, and of each. Exceeded by a first record batch that is larger. */
  readonly maxBytes: number
  readonly partitionBytes: number
}

/** Version 13 names topics by their id, so that a topic made again is not taken for the old one. Brokers have it since 3.1. */
const FETCH_KEY = 1
const FETCH_VERSION = 13

const NO_SESSION = 0
const FINAL_EPOCH = -1
const UNKNOWN_EPOCH = -1
const NOT_A_FOLLOWER = -1n

/**
 * Kafka's Fetch request, whose answer leaves the records as they came: the client's own makes an object of every record. No
 * fetch session, so that every request says all that it wants. https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export const fetchApi = createAPI<[FetchRequest], FetchResponse>(FETCH_KEY, FETCH_VERSION, encode, decode)

function encode({ topicId, positions, maxWaitMs, maxBytes, partitionBytes }: FetchRequest): Writer {
  return Writer.create()
    .appendInt32(-1)
    .appendInt32(maxWaitMs)
    .appendInt32(1)
    .appendInt32(maxBytes)
    .appendInt8(FetchIsolationLevels.READ_COMMITTED)
    .appendInt32(NO_SESSION)
    .appendInt32(FINAL_EPOCH)
    .appendArray([topicId], (topics, id) => {
      topics.appendUUID(id).appendArray([...positions], (partitions, { partition, offset }) => {
        partitions
          .appendInt32(partition)
          .appendInt32(UNKNOWN_EPOCH)
          .appendInt64(BigInt(offset))
          .appendInt32(UNKNOWN_EPOCH)
          .appendInt64(NOT_A_FOLLOWER)
          .appendInt32(partitionBytes)
      })
    })
    .appendArray([], () => undefined)
    .appendString('')
    .appendTaggedFields()
}

function decode(_correlationId: number, _key: number, _version: number, reader: Reader): FetchResponse {
  reader.readInt32() // throttle time
  const errorCode = reader.readInt16()
  reader.readInt32() // session
  const topics = reader.readArray((topic) => {
    topic.readUUID()
    return topic.readArray(decodePartition)
  })
  return { errorCode, partitions: topics.flat() }
}

function decodePartition(reader: Reader): FetchedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt64() // high watermark
  const lastStableOffset = Number(reader.readInt64())
  reader.readInt64() // log start
  const abortedTransactions = reader.readNullableArray((each) => ({
    producerId: Number(each.readInt64()),
    firstOffset: Number(each.readInt64()),
  }))
  reader.readInt32() // preferred replica
  // The length is one more than that of the bytes: 0 stands for none at all.
  const length = Math.max(0, reader.readUnsignedVarInt() - 1)
  const records = reader.buffer.slice(reader.position, reader.position + length)
  reader.skip(length)
  return {
    partition,
    errorCode,
    lastStableOffset,
    abortedTransactions: abortedTransactions ?? [],
    records,
  }
}
