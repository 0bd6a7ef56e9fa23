import type { Database } from './database.ts'
import type { DeadLetterPlace } from './dead-letter-places.ts'
import { RowBinaryWriter } from './row-binary.ts'

/** That a corrected message was sent. */
export interface SentAgain extends Required<DeadLetterPlace> {
  readonly eventId: string
  readonly message: Buffer
}

const COLUMNS = ['topic', 'kafka_partition', 'kafka_offset', 'event_id', 'sent_message', 'replayed_by']

/**
 * Remembers that corrected messages were sent, by whom, and now.
 *
 * @param by who sent them, for people
 */
export async function recordReplays(db: Database, sent: readonly SentAgain[], by: string): Promise<void> {
  if (sent.length === 0) return
  const writer = new RowBinaryWriter()
  for (const { topic, partition, offset, eventId, message } of sent) {
    writer.string(topic)
    writer.uint32(partition)
    writer.int64(offset)
    // A UUID of RowBinary is two UInt64, the upper half first.
    const hex = eventId.replaceAll('-', '')
    writer.uint64(BigInt(`0x${hex.slice(0, 16)}`))
    writer.uint64(BigInt(`0x${hex.slice(16)}`))
    writer.bytesOf(message)
    writer.string(by)
  }
  await db.insert('dead_letter_replays', COLUMNS, writer.bytes)
}

export interface Replay {
  readonly eventId: string
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly message: Buffer
}

/** Every time that a dead letter was sent again, the first one first. */
export async function listReplays(
  db: Database,
  { topic, partition, offset }: Required<DeadLetterPlace>,
): Promise<Replay[]> {
  const rows = await db.query<{ eventId: string; by: string; atMs: number; message: string }>(
    `SELECT toString(event_id) AS eventId, replayed_by AS by,
       intDiv(toUnixTimestamp64Micro(replayed_at), 1000) AS atMs, hex(sent_message) AS message
     FROM dead_letter_replays FINAL
     WHERE topic = {topic:String} AND kafka_partition = {partition:UInt32} AND kafka_offset = {offset:UInt64}
     ORDER BY replayed_at`,
    { params: { topic, partition, offset } },
  )
  return rows.map((row) => ({ ...row, message: Buffer.from(row.message, 'hex') }))
}
