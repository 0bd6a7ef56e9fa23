import { randomUUID } from 'node:crypto'
import { MillraceError } from '../../errors.ts'
import {
  appendedAtOf,
  countOf,
  decodeBatches,
  encodeBatch,
  firstOffsetOf,
  type Stored,
  storedKey,
} from '../codec.ts'
import type { FetchLimit, OutgoingRecord, PartitionBounds } from '../port.ts'
import { type RecordBatch, split } from '../record-batch.ts'
import { Scratch } from '../scratch.ts'
import {
  bytesToNumber,
  type Environment,
  numberToBytes,
  openTable,
  type Table,
  transact,
} from './environment.ts'

/** The format of what is stored. Another one is refused, not guessed at. */
const FORMAT = 1
const DESCRIPTION = Buffer.from('description')

interface Description {
  readonly format: number
  readonly partitions: number
  /** Made with the topic. Positions of another log, whose directory was removed, mean nothing in this one. */
  readonly id: string
}

/** One topic in an LMDB environment: its records, and for each partition the next offset. All calls are synchronous. */
export class Topic {
  readonly name: string
  readonly partitions: number
  /** Another one for each log that was ever made. */
  readonly id: string
  readonly #environment: Environment
  readonly #records: Table
  readonly #meta: Table
  readonly #scratch = new Scratch()

  /** @param partitions used when the topic is new; otherwise it keeps the number it was made with */
  constructor(environment: Environment, name: string, partitions: number) {
    this.name = name
    this.#environment = environment
    this.#records = openTable(environment, `records:${name}`)
    this.#meta = openTable(environment, `topic:${name}`)
    const description = this.#description() ?? transact(environment, () => this.#describe(partitions))
    this.partitions = description.partitions
    this.id = description.id
  }

  /** Another process may have made it meanwhile. */
  #describe(partitions: number): Description {
    const found = this.#description()
    if (found) return found
    const made = { format: FORMAT, partitions, id: randomUUID() }
    this.#meta.putSync(DESCRIPTION, Buffer.from(JSON.stringify(made)))
    return made
  }

  #description(): Description | undefined {
    const found = this.#meta.get(DESCRIPTION)
    if (!found) return undefined
    const description = JSON.parse(found.toString()) as Description
    if (description.format !== FORMAT) {
      throw new MillraceError(
        'file_unusable',
        `the event log has format ${description.format}, and this version of Millrace reads format ${FORMAT}`,
        { hint: 'Use the version of Millrace that made it, or another data directory.' },
      )
    }
    return description
  }

  /** Appends groups of records, one behind the other, each record to its partition. Call it inside a transaction. */
  append(groups: readonly (readonly OutgoingRecord[])[], nowMs: number): void {
    const byPartition = new Map<number, OutgoingRecord[]>()
    for (const records of groups) {
      for (const record of records) {
        const of = byPartition.get(record.partition)
        if (of) of.push(record)
        else byPartition.set(record.partition, [record])
      }
    }
    for (const [partition, of] of byPartition) {
      const first = this.end(partition)
      // LMDB copies it at once.
      const stored = encodeBatch(of, nowMs, this.#scratch)
      this.#records.putSync(storedKey(partition, first), stored)
      this.#meta.putSync(endKey(partition), numberToBytes(first + of.length))
      this.#addBytes(stored.length)
    }
  }

  /** Makes what other processes have committed visible to the reads that follow. */
  refresh(): void {
    this.#environment.resetReadTxn()
  }

  /** The offset that the next record of a partition will get. */
  end(partition: number): number {
    return bytesToNumber(this.#meta.get(endKey(partition))) ?? 0
  }

  bounds(): PartitionBounds[] {
    return Array.from({ length: this.partitions }, (_, partition) => {
      const end = this.end(partition)
      const [first] = this.#keys(partition, 0, 1)
      return { partition, earliest: first === undefined ? end : firstOffsetOf(first), end }
    })
  }

  /** Bytes of all records that are kept. */
  get bytes(): number {
    return bytesToNumber(this.#meta.get(BYTES)) ?? 0
  }

  /** The records from an offset on; null when there are none. The offset must not lie before the earliest. */
  read(partition: number, offset: number, limit: FetchLimit): RecordBatch | null {
    const batch = this.readWhole(partition, offset, limit)
    return batch && split(batch, limit.maxRecords)[0]
  }

  /** The same with all of the last stored batch, though these are more records than the limit. */
  readWhole(partition: number, offset: number, limit: FetchLimit): RecordBatch | null {
    const stored: Stored[] = []
    let records = 0
    let bytes = 0
    const start = this.#keyOfBatchWith(partition, offset)
    if (!start) return null
    for (const { key, value } of this.#records.getRange({ start, end: storedKey(partition + 1, 0) })) {
      if (records > 0 && bytes + value.length > limit.maxBytes) break
      const firstOffset = firstOffsetOf(key)
      stored.push({ firstOffset, bytes: value })
      records += countOf(value) - Math.max(0, offset - firstOffset)
      bytes += value.length
      if (records >= limit.maxRecords) break
    }
    return decodeBatches(partition, stored, offset)
  }

  /**
   * Removes the oldest batches, as long as they are too old or there is too much. Call it inside a transaction.
   *
   * @param limit as many batches at most, so that the transaction stays short
   * @returns how many batches and records were removed
   */
  removeOldest(olderThanMs: number, maxBytes: number, limit: number): { batches: number; records: number } {
    const removed = { batches: 0, records: 0 }
    let excess = this.bytes - maxBytes
    while (removed.batches < limit) {
      const oldest = this.#oldestBatch()
      if (!oldest || (appendedAtOf(oldest.value) >= olderThanMs && excess <= 0)) break
      this.#records.removeSync(oldest.key)
      this.#addBytes(-oldest.value.length)
      excess -= oldest.value.length
      removed.batches++
      removed.records += countOf(oldest.value)
    }
    return removed
  }

  #oldestBatch(): { key: Buffer; value: Buffer } | undefined {
    let oldest: { key: Buffer; value: Buffer } | undefined
    for (let partition = 0; partition < this.partitions; partition++) {
      const range = { start: storedKey(partition, 0), end: storedKey(partition + 1, 0), limit: 1 }
      for (const { key, value } of this.#records.getRange(range)) {
        if (!oldest || appendedAtOf(value) < appendedAtOf(oldest.value)) oldest = { key, value }
      }
    }
    return oldest
  }

  /** The key of the batch that holds the offset, or of the first one after it. */
  #keyOfBatchWith(partition: number, offset: number): Buffer | undefined {
    const backwards = {
      start: storedKey(partition, offset),
      end: beforePartition(partition),
      reverse: true,
      limit: 1,
    }
    for (const key of this.#records.getKeys(backwards)) return key
    return this.#keys(partition, offset, 1)[0]
  }

  #keys(partition: number, from: number, limit: number): Buffer[] {
    return [
      ...this.#records.getKeys({
        start: storedKey(partition, from),
        end: storedKey(partition + 1, 0),
        limit,
      }),
    ]
  }

  #addBytes(change: number): void {
    this.#meta.putSync(BYTES, numberToBytes(Math.max(0, this.bytes + change)))
  }
}

const BYTES = Buffer.from('bytes')

function endKey(partition: number): Buffer {
  return Buffer.from(`end:${partition}`)
}

/** A key that sorts before all of a partition and after all of the one before it. */
function beforePartition(partition: number): Buffer {
  return storedKey(partition, 0).subarray(0, 4)
}
