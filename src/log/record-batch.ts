/**
 * Records of one partition in the order of their offsets, held as columns over one buffer, so that reading
 * a hundred thousand records makes no hundred thousand objects.
 */
export interface RecordBatch {
  readonly partition: number
  /** How many records there are, one at least. */
  readonly length: number
  /** Holds the bytes of all keys and values. Valid until the next fetch. */
  readonly bytes: Buffer
  /** The offset of each record, ascending; not necessarily without holes. Exact up to 2^53. */
  readonly offsets: Float64Array
  /** When each record was appended by its sender, in milliseconds since the epoch. */
  readonly timestamps: Float64Array
  /** Start and end of each key in `bytes`, two numbers a record; start is -1 for a record without a key. */
  readonly keys: Int32Array
  /** Start and end of each value in `bytes`, two numbers a record; start is -1 for a record without a value. */
  readonly values: Int32Array
}

/** The key of record `i`, a view into the batch; null when it has none. */
export function keyAt(batch: RecordBatch, i: number): Buffer | null {
  return slice(batch.bytes, batch.keys, i)
}

/** The value of record `i`, a view into the batch; null when it has none. */
export function valueAt(batch: RecordBatch, i: number): Buffer | null {
  return slice(batch.bytes, batch.values, i)
}

function slice(bytes: Buffer, ranges: Int32Array, i: number): Buffer | null {
  const start = ranges[2 * i]!
  return start < 0 ? null : bytes.subarray(start, ranges[2 * i + 1]!)
}

/** The offset after the last record: where a reader that has taken the whole batch goes on. */
export function nextOffset(batch: RecordBatch): number {
  return batch.offsets[batch.length - 1]! + 1
}

/** Cuts a batch in two without copying: its first `count` records, and what is left of it, null when nothing is. */
export function split(batch: RecordBatch, count: number): [first: RecordBatch, rest: RecordBatch | null] {
  if (batch.length <= count) return [batch, null]
  return [part(batch, 0, count), part(batch, count, batch.length)]
}

function part(batch: RecordBatch, from: number, to: number): RecordBatch {
  return {
    partition: batch.partition,
    length: to - from,
    bytes: batch.bytes,
    offsets: batch.offsets.subarray(from, to),
    timestamps: batch.timestamps.subarray(from, to),
    keys: batch.keys.subarray(2 * from, 2 * to),
    values: batch.values.subarray(2 * from, 2 * to),
  }
}
