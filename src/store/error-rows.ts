import type { ErrorRow } from './port.ts'
import { RowBinaryWriter } from './row-binary.ts'

/** The columns of processing_errors that a rejected message fills; the others say how it was resolved. */
export const ERROR_COLUMNS = [
  'error_time',
  'raw_message',
  'error_reason',
  'error_detail',
  'topic',
  'kafka_partition',
  'kafka_offset',
  'message_key',
] as const

/** Rejected messages as RowBinary, in the order of ERROR_COLUMNS. */
export function encodeErrors(rows: readonly ErrorRow[]): Buffer {
  const writer = new RowBinaryWriter(rows.length * 512)
  for (const row of rows) {
    writer.int64(row.rejectedAtMs)
    writer.nullableBytes(row.value)
    writer.string(row.reason)
    writer.string(row.detail)
    writer.string(row.topic)
    writer.uint32(row.partition)
    writer.int64(row.offset)
    writer.nullableBytes(row.key)
  }
  return writer.bytes
}
