/**
 * Where things are in a record batch, in bytes from its beginning.
 * https://kafka.apache.org/documentation/#recordbatch
 */
export const AT = {
  baseOffset: 0,
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const

/** The bytes before those that `length` counts. */
export const PREFIX = 12

/** What the attributes say. */
export const COMPRESSION = 0b111
export const APPEND_TIME = 1 << 3
export const TRANSACTIONAL = 1 << 4
export const CONTROL = 1 << 5

/** The first record batch format with a header as above; the only one since Kafka 4, and the default since 0.11. */
export const MAGIC = 2

/** Whether a batch begins here and is not cut off by the limit of the request. */
export function isWhole(chunk: Buffer, at: number): boolean {
  return chunk.length - at >= AT.records && endOf(chunk, at) <= chunk.length
}

/** Where the batch that begins here ends. */
export function endOf(chunk: Buffer, at: number): number {
  return at + PREFIX + chunk.readInt32BE(at + AT.length)
}
