import type { Database } from './database.ts'
import type { DeadLetterPlace } from './dead-letters.ts'

/** A corrected message that waits to be sent. */
export interface DeadLetterFix extends Required<DeadLetterPlace> {
  readonly message: Buffer
}

/** Keeps the corrected bytes of a dead letter until they are sent; an earlier correction is replaced. */
export async function saveFix(db: Database, fix: DeadLetterFix): Promise<void> {
  await db.command(
    `INSERT INTO dead_letter_fixes (topic, kafka_partition, kafka_offset, fixed_message)
     SELECT {topic:String}, {partition:UInt32}, {offset:UInt64}, unhex({message:String})`,
    { params: { ...fix, message: fix.message.toString('hex') } },
  )
}

/** Corrections of dead letters that are still open, in the order of their places. */
export async function listFixes(db: Database, limit: number): Promise<DeadLetterFix[]> {
  const rows = await db.query<{ topic: string; partition: number; offset: number; message: string }>(
    `SELECT topic, kafka_partition AS partition, kafka_offset AS offset, hex(fixed_message) AS message
     FROM dead_letter_fixes FINAL
     WHERE (topic, kafka_partition, kafka_offset) IN (
       SELECT topic, kafka_partition, kafka_offset FROM processing_errors FINAL WHERE isNull(resolved_at))
     ORDER BY topic, kafka_partition, kafka_offset LIMIT {limit:UInt32}`,
    { params: { limit } },
  )
  return rows.map((row) => ({ ...row, message: Buffer.from(row.message, 'hex') }))
}
