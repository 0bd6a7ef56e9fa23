import { randomBytes } from 'node:crypto'
import type { Database } from './database.ts'
import { RowBinaryWriter } from './row-binary.ts'

/** The levels of aggregation, as rollup_windows numbers them. */
export const LEVEL_NUMBERS = { slice: 1, minute: 2, hour: 3 } as const

export type WindowLevel = keyof typeof LEVEL_NUMBERS

/** One window of one level; its start is in milliseconds since the epoch. */
export interface Window {
  readonly level: WindowLevel
  readonly startMs: number
}

/**
 * Who marks windows: an identity of 64 random bits and a counter that only rises, so that marks of different processes, and
 * of one process before and after a restart, are never compared.
 */
export class Marker {
  readonly id: bigint
  #counter = 0

  constructor(id: bigint = randomBytes(8).readBigUInt64LE()) {
    this.id = id
  }

  next(): number {
    this.#counter += 1
    return this.#counter
  }
}

/**
 * Records that these windows have changed, all in one block. The times are the server's own, so that they can be compared
 * with those of any other process. Resolves when it is durable; repeating it changes nothing but the times.
 */
export async function markWindows(db: Database, windows: readonly Window[], marker: Marker): Promise<void> {
  if (windows.length === 0) return
  const marked = marker.next()
  const rows = new RowBinaryWriter(windows.length * 21)
  for (const { level, startMs } of windows) {
    rows.uint8(LEVEL_NUMBERS[level])
    rows.uint32(startMs / 1_000)
    rows.uint64(marker.id)
    rows.int64(marked)
  }
  await db.insert('rollup_windows', ['level', 'window_start', 'writer', 'marked'], rows.bytes)
}
