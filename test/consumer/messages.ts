import { type PageView, toWire } from '../../src/event/page-view.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { LogReader, OutgoingRecord } from '../../src/log/port.ts'
import type { RecordBatch } from '../../src/log/record-batch.ts'

export const NOW = Date.parse('2026-11-23T05:00:00Z')

export const VIEW: PageView = {
  pageId: '/pricing',
  userId: 'u-1',
  durationMs: 1_000,
  timestampMs: NOW - 1_000,
  userAgent: '',
  ipAddress: '',
  region: 'EU',
  isBounce: false,
}

/** The key of the n-th event. */
export function keyOf(n: number): string {
  return `0199f2a4-7c1e-7b3a-9c55-${String(n).padStart(12, '0')}`
}

export function message(key: string | null, view: Partial<PageView> | string, partition = 0): OutgoingRecord {
  const value = typeof view === 'string' ? view : JSON.stringify(toWire({ ...VIEW, ...view }))
  return {
    partition,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
    timestampMs: NOW,
  }
}

/** A log that holds these messages, and a reader of it. */
export async function logOf(...messages: OutgoingRecord[]): Promise<{ log: MemoryLog; reader: LogReader }> {
  const log = new MemoryLog({ partitions: 3 })
  await (await log.writer()).append(messages)
  return { log, reader: await log.reader('g') }
}

export async function batchesOf(...messages: OutgoingRecord[]): Promise<readonly RecordBatch[]> {
  const { reader } = await logOf(...messages)
  return (await reader.fetch({ maxRecords: 1e6, maxBytes: 1e9, maxWaitMs: 0 })).batches
}
