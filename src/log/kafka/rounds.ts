import type { OutgoingRecord } from '../port.ts'
import type { Compression } from './options.ts'
import { PartitionRecords } from './partition-records.ts'
import type { Message } from './produce-request.ts'

/**
 * The most that goes into one record batch, in bytes: below the million that brokers take by default (message.max.bytes), and a
 * record that is larger alone goes alone.
 */
const BATCH_BYTES = 900_000

/** What a record needs beside its key and value, in bytes, at most. */
const RECORD_OVERHEAD = 40

/** For each partition the places of its records in what was given, in order: one record batch for each. */
export type Round = ReadonlyMap<number, readonly number[]>

/** Shares records out, so that no partition gets more at once than one record batch may hold. */
export function inRounds(records: readonly OutgoingRecord[]): Round[] {
  const rounds: Map<number, number[]>[] = []
  const filled = new Map<number, { round: number; bytes: number; indices: number[] }>()
  for (let index = 0; index < records.length; index++) {
    const { partition, key, value } = records[index]!
    const size = (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD
    let at = filled.get(partition)
    if (!at || at.bytes + size > BATCH_BYTES) {
      at = { round: at ? at.round + 1 : 0, bytes: 0, indices: [] }
      filled.set(partition, at)
      rounds[at.round] ??= new Map()
      rounds[at.round]!.set(partition, at.indices)
    }
    at.bytes += size
    at.indices.push(index)
  }
  return rounds
}

export function messagesOf(
  topic: string,
  round: Round,
  records: readonly OutgoingRecord[],
  compression: Compression,
): Message[] {
  return Array.from(round, ([partition, indices]) => ({
    topic,
    partition,
    key: null,
    value: new PartitionRecords(records, indices, compression),
  }))
}
