import type { OutgoingRecord } from './port.ts'
import type { RecordBatch } from './record-batch.ts'
import type { Scratch } from './scratch.ts'

/**
 * How records are stored: one value for all records that one transaction appends to a partition.
 *
 *   count u32 | appended at f64 | count × (timestamp f64, key length i32, value length i32) | keys and values
 *
 * A length of -1 stands for none. Numbers are little-endian. Offsets are dense, so the first one, which is in the database key,
 * says them all.
 */
const HEADER = 12
const ENTRY = 16

/** The database key of a stored batch: partition and first offset, big-endian, so that keys sort as offsets do. */
export function storedKey(partition: number, firstOffset: number): Buffer {
  const key = Buffer.allocUnsafe(12)
  key.writeUInt32BE(partition, 0)
  key.writeBigUInt64BE(BigInt(firstOffset), 4)
  return key
}

export function firstOffsetOf(key: Buffer): number {
  return Number(key.readBigUInt64BE(4))
}

/** @param scratch where it is written to; a new piece of memory without */
export function encodeBatch(
  records: readonly OutgoingRecord[],
  appendedAtMs: number,
  scratch?: Scratch,
): Buffer {
  let size = HEADER + records.length * ENTRY
  for (const { key, value } of records) size += (key?.length ?? 0) + (value?.length ?? 0)
  const stored = scratch ? scratch.take(size) : Buffer.allocUnsafe(size)
  const numbers = new DataView(stored.buffer, stored.byteOffset, size)
  numbers.setUint32(0, records.length, true)
  numbers.setFloat64(4, appendedAtMs, true)
  let entry = HEADER
  let at = HEADER + records.length * ENTRY
  for (const { key, value, timestampMs } of records) {
    numbers.setFloat64(entry, timestampMs, true)
    numbers.setInt32(entry + 8, key === null ? -1 : key.length, true)
    numbers.setInt32(entry + 12, value === null ? -1 : value.length, true)
    entry += ENTRY
    if (key !== null) {
      stored.set(key, at)
      at += key.length
    }
    if (value !== null) {
      stored.set(value, at)
      at += value.length
    }
  }
  return stored
}

export function countOf(stored: Buffer): number {
  return stored.readUInt32LE(0)
}

/** When the batch was appended, in milliseconds since the epoch. */
export function appendedAtOf(stored: Buffer): number {
  return stored.readDoubleLE(4)
}

/** A stored batch and the offset of its first record. */
export interface Stored {
  readonly firstOffset: number
  readonly bytes: Buffer
}

/**
 * The records of adjoining stored batches as one RecordBatch.
 *
 * @param from records before this offset are left out
 * @returns null when nothing is left
 */
export function decodeBatches(
  partition: number,
  stored: readonly Stored[],
  from: number,
): RecordBatch | null {
  const length = stored.reduce((n, { firstOffset, bytes }) => {
    return n + Math.max(0, countOf(bytes) - Math.max(0, from - firstOffset))
  }, 0)
  if (length === 0) return null
  const batch = {
    partition,
    length,
    bytes: stored.length === 1 ? stored[0]!.bytes : Buffer.concat(stored.map(({ bytes }) => bytes)),
    offsets: new Float64Array(length),
    timestamps: new Float64Array(length),
    keys: new Int32Array(2 * length),
    values: new Int32Array(2 * length),
  }
  let i = 0
  let base = 0
  const words = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength)
  for (const { firstOffset, bytes } of stored) {
    const count = countOf(bytes)
    let at = base + HEADER + count * ENTRY
    for (let n = 0; n < count; n++) {
      const entry = base + HEADER + n * ENTRY
      const keyLength = words.getInt32(entry + 8, true)
      const valueLength = words.getInt32(entry + 12, true)
      const keyEnd = at + Math.max(0, keyLength)
      const valueEnd = keyEnd + Math.max(0, valueLength)
      if (firstOffset + n >= from) {
        batch.offsets[i] = firstOffset + n
        batch.timestamps[i] = words.getFloat64(entry, true)
        batch.keys[2 * i] = keyLength < 0 ? -1 : at
        batch.keys[2 * i + 1] = keyEnd
        batch.values[2 * i] = valueLength < 0 ? -1 : keyEnd
        batch.values[2 * i + 1] = valueEnd
        i++
      }
      at = valueEnd
    }
    base += bytes.length
  }
  return batch
}
