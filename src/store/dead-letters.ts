import { MillraceError } from '../errors.ts'
import type { Database } from './database.ts'

/** A message that is no page view, as it is kept. */
export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The message's key and value, as they were; null when it had none. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly reason: string
  readonly detail: string
  /** Milliseconds since the epoch. */
  readonly rejectedAtMs: number
  /** When and how it was resolved; null while it is open. */
  readonly resolved: { readonly atMs: number; readonly how: string } | null
}

export interface DeadLetterFilter {
  readonly reason?: string
  readonly partition?: number
  /** When they were rejected, half-open, in milliseconds since the epoch. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Only those that are still open, or only those that are not; both when missing. */
  readonly resolved?: boolean
  /** How many at most. */
  readonly limit: number
}

/** Where a message stands in the log. Without a topic any topic will do. */
export interface DeadLetterPlace {
  readonly topic?: string
  readonly partition: number
  readonly offset: number
}

interface Row {
  topic: string
  kafka_partition: number
  kafka_offset: number
  key: string | null
  value: string | null
  error_reason: string
  error_detail: string
  rejected_at_ms: number
  resolved_at_ms: number | null
  resolution: string
}

// Bytes travel as hex: JSON has no way to say what is not text.
const COLUMNS = `topic, kafka_partition, kafka_offset, hex(message_key) AS key, hex(raw_message) AS value, error_reason,
  error_detail, toUnixTimestamp64Milli(error_time) AS rejected_at_ms,
  toUnixTimestamp64Milli(resolved_at) AS resolved_at_ms, resolution`

/** Dead letters, those that were rejected last first. */
export async function listErrors(db: Database, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const { where, params } = conditionsOf(filter)
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM processing_errors FINAL WHERE ${where}
     ORDER BY error_time DESC, topic, kafka_partition, kafka_offset DESC LIMIT {limit:UInt32}`,
    { params: { ...params, limit: filter.limit } },
  )
  return rows.map(deadLetterOf)
}

/** How many there are of each reason, the most frequent first. The filter's limit does not count. */
export function countErrors(
  db: Database,
  filter: Omit<DeadLetterFilter, 'limit'> = {},
): Promise<{ reason: string; count: number }[]> {
  const { where, params } = conditionsOf(filter)
  return db.query(
    `SELECT error_reason AS reason, count() AS count FROM processing_errors FINAL WHERE ${where}
     GROUP BY reason ORDER BY count DESC, reason`,
    { params },
  )
}

/** @throws MillraceError `not_found` when there is none at that place, and when several topics have one */
export async function getError(db: Database, place: DeadLetterPlace): Promise<DeadLetter> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM processing_errors FINAL
     WHERE kafka_partition = {partition:UInt32} AND kafka_offset = {offset:UInt64}
     ${place.topic === undefined ? '' : 'AND topic = {topic:String}'} ORDER BY topic`,
    { params: { ...place } },
  )
  const [found, another] = rows
  const where = `partition ${place.partition}, offset ${place.offset}`
  if (found === undefined) throw new MillraceError('not_found', `there is no dead letter at ${where}`)
  if (another !== undefined) {
    throw new MillraceError('not_found', `there are several dead letters at ${where}`, {
      hint: `Name the topic: ${rows.map(({ topic }) => topic).join(', ')}.`,
    })
  }
  return deadLetterOf(found)
}

/**
 * Records how dead letters were resolved. A redelivery of the message leaves that as it is.
 *
 * @param how for people: `replayed as 0199…`, `dropped`
 */
export async function markResolved(
  db: Database,
  places: readonly Required<DeadLetterPlace>[],
  how: string,
): Promise<void> {
  for (let i = 0; i < places.length; i += PLACES_PER_STATEMENT) {
    const some = places.slice(i, i + PLACES_PER_STATEMENT)
    await db.command(
      `INSERT INTO processing_errors
       SELECT * REPLACE (now64(3) AS resolved_at, {how:String} AS resolution,
         greatest(version + 1, toUInt64(toUnixTimestamp64Micro(now64(6)))) AS version)
       FROM processing_errors FINAL
       WHERE (topic, kafka_partition, kafka_offset) IN (
         SELECT arrayJoin(arrayZip({topics:Array(String)}, {partitions:Array(UInt32)}, {offsets:Array(UInt64)})))`,
      {
        params: {
          how,
          topics: some.map(({ topic }) => topic),
          partitions: some.map(({ partition }) => partition),
          offsets: some.map(({ offset }) => offset),
        },
      },
    )
  }
}

/** Values travel in the request's address, whose length has a limit. */
const PLACES_PER_STATEMENT = 200

function conditionsOf(filter: Omit<DeadLetterFilter, 'limit'>): {
  where: string
  params: Record<string, unknown>
} {
  const conditions = ['true']
  const params: Record<string, unknown> = {}
  const add = (condition: string, name: string, value: unknown): void => {
    if (value === undefined) return
    conditions.push(condition)
    params[name] = value
  }
  add('error_reason = {reason:String}', 'reason', filter.reason)
  add('kafka_partition = {partition:UInt32}', 'partition', filter.partition)
  add('error_time >= fromUnixTimestamp64Milli({from:Int64})', 'from', filter.fromMs)
  add('error_time < fromUnixTimestamp64Milli({to:Int64})', 'to', filter.toMs)
  add('isNotNull(resolved_at) = {resolved:Bool}', 'resolved', filter.resolved)
  return { where: conditions.join(' AND '), params }
}

function deadLetterOf(row: Row): DeadLetter {
  return {
    topic: row.topic,
    partition: row.kafka_partition,
    offset: row.kafka_offset,
    key: row.key === null ? null : Buffer.from(row.key, 'hex'),
    value: row.value === null ? null : Buffer.from(row.value, 'hex'),
    reason: row.error_reason,
    detail: row.error_detail,
    rejectedAtMs: row.rejected_at_ms,
    resolved: row.resolved_at_ms === null ? null : { atMs: row.resolved_at_ms, how: row.resolution },
  }
}
