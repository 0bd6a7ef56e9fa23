import type { Database } from './database.ts'

/** A gap in what was read of a log: what was to be read next did not exist. */
export interface GapRow {
  readonly partition: number
  /** The offset that was to be read next. */
  readonly expected: number
  /** The offset where reading went on. */
  readonly resumedAt: number
  /** Of a topic that was made again: where the former one ended, as far as was known. */
  readonly formerEnd?: number
}

/** A gap that was found, and when: ISO 8601. */
export type FoundGap = GapRow & { readonly foundAt: string }

/** Offset, where there is none: the topic was not made again. */
const NONE = -1

export async function insertGaps(db: Database, topic: string, gaps: readonly GapRow[]): Promise<void> {
  for (const { partition, expected, resumedAt, formerEnd = NONE } of gaps) {
    await db.command(
      `INSERT INTO log_gaps (topic, kafka_partition, expected, resumed_at, former_end)
       SELECT {topic:String}, {partition:UInt32}, {expected:Int64}, {resumedAt:Int64}, {formerEnd:Int64}`,
      { params: { topic, partition, expected, resumedAt, formerEnd } },
    )
  }
}

/** The gaps that the consumers of a topic have found, in their order. */
export async function listGaps(db: Database, topic: string): Promise<FoundGap[]> {
  const rows = await db.query<Required<FoundGap>>(
    `SELECT kafka_partition AS partition, expected, resumed_at AS resumedAt, former_end AS formerEnd,
            formatDateTime(found_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS foundAt
     FROM log_gaps FINAL WHERE topic = {topic:String} ORDER BY found_at, kafka_partition`,
    { params: { topic } },
  )
  return rows.map(({ formerEnd, ...row }) => (formerEnd === NONE ? row : { ...row, formerEnd }))
}
