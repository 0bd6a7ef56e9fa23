import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import type { RecordBatch } from '../record-batch.ts'
import type { AbortedTransaction } from './fetch-request.ts'
import {
  APPEND_TIME,
  AT,
  COMPRESSION,
  CONTROL,
  endOf,
  isWhole,
  MAGIC,
  TRANSACTIONAL,
} from './record-batch-layout.ts'
import { type Unpacked, unpackZstd, ZSTD } from './unpack.ts'

/** The batch that is being read. */
interface Open {
  /** Holds its records: the chunk itself, or what was compressed in it. */
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly lastOffset: number
  readonly baseTimestamp: number
  /** Set when the broker, not the sender, says when. */
  readonly appendTime: number | undefined
  left: number
}

/**
 * What a broker sent of one partition, turned into columns piece by piece. Records of aborted transactions and the markers
 * of transactions are left out.
 */
export class RecordChunk {
  readonly partition: number
  /** The offset behind all that was taken or left out. */
  next: number
  readonly #chunk: Buffer
  readonly #unpacked: Unpacked | undefined
  /** In the order of their first offsets. */
  readonly #aborted: AbortedTransaction[]
  readonly #aborting = new Set<number>()
  readonly #varints = new Varints()
  /** Where the next batch begins. */
  #at = 0
  #open: Open | undefined
  readonly #end: number
  #recordsLeft: number

  /** @param unpacked its records as far as they are unpacked already */
  constructor(
    partition: number,
    offset: number,
    chunk: Buffer,
    abortedTransactions: readonly AbortedTransaction[],
    unpacked?: Unpacked,
  ) {
    this.partition = partition
    this.next = offset
    this.#chunk = chunk
    this.#unpacked = unpacked
    this.#aborted = [...abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset)
    const { records, end } = survey(chunk)
    this.#recordsLeft = records
    this.#end = Math.max(offset, end)
  }

  get bytes(): number {
    return this.#chunk.length
  }

  /** The offset behind the last record batch that came whole; where reading begins when none did. */
  get end(): number {
    return this.#end
  }

  /** Leaves out what lies before an offset. Going back is not possible: an offset that is behind us changes nothing. */
  skipTo(offset: number): void {
    this.next = Math.max(this.next, offset)
  }

  /**
   * The next records; null when all have been taken. One at least, whatever its size.
   *
   * @throws MillraceError `log_refused` for a record format that is older than Kafka 0.11 or a compression nobody knows
   */
  take(maxRecords: number, maxBytes: number): RecordBatch | null {
    const open = this.#opened()
    if (!open) return null
    const { bytes } = open
    const columns = new Columns(Math.min(maxRecords, this.#recordsLeft))
    let taken = 0
    for (let current: Open | undefined = open; current?.bytes === bytes; current = this.#opened()) {
      while (current.left > 0 && columns.length < columns.capacity) {
        const size = this.#readRecord(current, columns)
        taken += size
        if (taken >= maxBytes) return columns.batch(this.partition, bytes)
      }
      if (columns.length >= columns.capacity) break
    }
    return columns.length === 0 ? this.take(maxRecords, maxBytes) : columns.batch(this.partition, bytes)
  }

  /** Reads one record into the columns, unless it lies before what was asked for. Returns its size. */
  #readRecord(open: Open, columns: Columns): number {
    const { bytes } = open
    const varints = this.#varints
    const length = varints.read(bytes, varints.at)
    const begin = varints.at
    const timestampDelta = varints.read(bytes, begin + 1)
    const offset = open.baseOffset + varints.read(bytes, varints.at)
    const keyLength = varints.read(bytes, varints.at)
    const keyStart = varints.at
    const valueLength = varints.read(bytes, keyStart + Math.max(0, keyLength))
    const valueStart = varints.at
    varints.at = begin + length
    open.left -= 1
    this.#recordsLeft -= 1
    if (open.left === 0) this.#open = undefined
    const wanted = offset >= this.next
    if (wanted) {
      const timestamp = open.appendTime ?? open.baseTimestamp + timestampDelta
      columns.add(offset, timestamp, keyStart, keyLength, valueStart, valueLength)
      this.next = offset + 1
    }
    if (open.left === 0) this.next = Math.max(this.next, open.lastOffset + 1)
    return wanted ? length : 0
  }

  /** The batch to read from: the one that is open, or the next one that has records for us. */
  #opened(): Open | undefined {
    while (!this.#open) {
      const chunk = this.#chunk
      const at = this.#at
      if (!isWhole(chunk, at)) return undefined
      checkMagic(chunk[at + AT.magic]!)
      const end = endOf(chunk, at)
      this.#at = end
      const baseOffset = readInt64(chunk, at + AT.baseOffset)
      const lastOffset = baseOffset + chunk.readInt32BE(at + AT.lastOffsetDelta)
      const count = chunk.readInt32BE(at + AT.count)
      if (count === 0 || lastOffset < this.next || this.#isLeftOut(at, lastOffset)) {
        this.#recordsLeft -= count
        this.next = Math.max(this.next, lastOffset + 1)
        continue
      }
      const attributes = chunk.readInt16BE(at + AT.attributes)
      const compression = attributes & COMPRESSION
      const maxTimestamp = readInt64(chunk, at + AT.maxTimestamp)
      const start = this.#unpacked?.starts.get(at)
      this.#varints.at = start ?? (compression ? 0 : at + AT.records)
      this.#open = {
        bytes: start === undefined ? recordsIn(chunk, at, compression) : this.#unpacked!.bytes,
        baseOffset,
        lastOffset,
        baseTimestamp: readInt64(chunk, at + AT.baseTimestamp),
        appendTime: attributes & APPEND_TIME ? maxTimestamp : undefined,
        left: count,
      }
    }
    return this.#open
  }

  /** Follows the transactions: whether this batch is a marker, or of one that was aborted. */
  #isLeftOut(at: number, lastOffset: number): boolean {
    const attributes = this.#chunk.readInt16BE(at + AT.attributes)
    const producerId = readInt64(this.#chunk, at + AT.producerId)
    while (this.#aborted[0] && this.#aborted[0].firstOffset <= lastOffset) {
      this.#aborting.add(this.#aborted.shift()!.producerId)
    }
    if (attributes & CONTROL) {
      this.#aborting.delete(producerId)
      return true
    }
    return (attributes & TRANSACTIONAL) !== 0 && this.#aborting.has(producerId)
  }
}

/** Columns that are being filled. */
class Columns {
  readonly capacity: number
  length = 0
  readonly #offsets: Float64Array
  readonly #timestamps: Float64Array
  readonly #keys: Int32Array
  readonly #values: Int32Array

  constructor(capacity: number) {
    this.capacity = capacity
    this.#offsets = new Float64Array(capacity)
    this.#timestamps = new Float64Array(capacity)
    this.#keys = new Int32Array(2 * capacity)
    this.#values = new Int32Array(2 * capacity)
  }

  add(
    offset: number,
    timestamp: number,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    const i = this.length
    this.length += 1
    this.#offsets[i] = offset
    this.#timestamps[i] = timestamp
    this.#keys[2 * i] = keyLength < 0 ? -1 : keyStart
    this.#keys[2 * i + 1] = keyLength < 0 ? -1 : keyStart + keyLength
    this.#values[2 * i] = valueLength < 0 ? -1 : valueStart
    this.#values[2 * i + 1] = valueLength < 0 ? -1 : valueStart + valueLength
  }

  batch(partition: number, bytes: Buffer): RecordBatch {
    const { length } = this
    return {
      partition,
      length,
      bytes,
      offsets: this.#offsets.subarray(0, length),
      timestamps: this.#timestamps.subarray(0, length),
      keys: this.#keys.subarray(0, 2 * length),
      values: this.#values.subarray(0, 2 * length),
    }
  }
}

/** Reads numbers of variable length, signs folded in (zigzag). Exact up to 2^53. */
class Varints {
  /** Behind the number that was read last. */
  at = 0

  read(bytes: Buffer, at: number): number {
    let byte = bytes[at]!
    let folded = byte & 0x7f
    let next = at + 1
    for (let weight = 128; byte & 0x80; weight *= 128) {
      byte = bytes[next]!
      folded += (byte & 0x7f) * weight
      next += 1
    }
    this.at = next
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }
}

/** How many records a chunk has, and the offset behind the last of its batches that are whole; 0 when none is. */
function survey(chunk: Buffer): { records: number; end: number } {
  let records = 0
  let end = 0
  for (let at = 0; isWhole(chunk, at); at = endOf(chunk, at)) {
    checkMagic(chunk[at + AT.magic]!)
    records += chunk.readInt32BE(at + AT.count)
    end = readInt64(chunk, at + AT.baseOffset) + chunk.readInt32BE(at + AT.lastOffsetDelta) + 1
  }
  return { records, end }
}

function checkMagic(magic: number): void {
  if (magic === MAGIC) return
  throw new MillraceError('log_refused', `Kafka: the topic holds records in the old format ${magic}`, {
    hint: 'Let them expire, or copy the topic with a tool of Kafka: formats before 2 are from before Kafka 0.11.',
  })
}

/** What holds the records of a batch. */
function recordsIn(chunk: Buffer, at: number, compression: number): Buffer {
  if (compression === 0) return chunk
  const bytes = chunk.subarray(at + AT.records, endOf(chunk, at))
  if (compression === ZSTD) return unpackZstd(bytes)
  const algorithm = compressionsAlgorithmsByBitmask[compression]
  if (algorithm) return algorithm.decompressSync(bytes)
  throw new MillraceError(
    'log_refused',
    `Kafka: the topic holds records of an unknown compression ${compression}`,
  )
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}
