import type { OutgoingRecord } from '../port.ts'

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

/** For each partition the places of its records in what was given, in order: one record batch for each. */
export type Round = ReadonlyMap<number, readonly number[]>

/** Shares records out, so that no partition gets more at once than one record batch may hold. */
export function inRounds(records: readonly OutgoingRecord[]): Round[] {
  const rounds: Map<number, number[]>[] = []
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

/** A record as the client takes it. */
export interface Message {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: bigint
}

export function messagesOf(topic: string, round: Round, records: readonly OutgoingRecord[]): Message[] {
  return Array.from(round.values(), (indices) =>
    indices.map((index) => {
      const { partition, key, value, timestampMs } = records[index]!
      return { topic, partition, key: asBuffer(key), value: asBuffer(value), timestamp: BigInt(timestampMs) }
    }),
  ).flat()
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
