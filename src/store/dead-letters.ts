import { MillraceError } from '../errors.ts'
import type { Database } from './database.ts'
import {
  AT_PLACES,
  type DeadLetterPlace,
  eachPlace,
  PLACES,
  PLACES_PER_STATEMENT,
  placeParams,
} from './dead-letter-places.ts'

export type { DeadLetterPlace } from './dead-letter-places.ts'

/** A message that is no page view, as it is kept. */
export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The message's key and value, as they were; null when it had none. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** How many bytes the value has, also where only its beginning was asked for. */
  readonly valueBytes: number
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
  /** How many bytes of each key and value to read; all of them when missing. A message may be large, and a list long. */
  readonly bytesAtMost?: number
}

/** What to choose dead letters by, without how many. */
export type DeadLetterChoice = Omit<DeadLetterFilter, 'limit' | 'bytesAtMost'>

/** By what they can be counted. */
export const DEAD_LETTER_GROUPS = {
  reason: 'error_reason',
  partition: 'toString(kafka_partition)',
  hour: "formatDateTime(toStartOfHour(error_time), '%FT%TZ', 'UTC')",
} as const

interface Row {
  topic: string
  kafka_partition: number
  kafka_offset: number
  key: string | null
  value: string | null
  value_bytes: number
  error_reason: string
  error_detail: string
  rejected_at_ms: number
  resolved_at_ms: number | null
  resolution: string
}

// Bytes travel as hex: JSON has no way to say what is not text.
const OTHER_COLUMNS = `topic, kafka_partition, kafka_offset, ifNull(length(raw_message), 0) AS value_bytes, error_reason,
  error_detail, toUnixTimestamp64Milli(error_time) AS rejected_at_ms,
  toUnixTimestamp64Milli(resolved_at) AS resolved_at_ms, resolution`
const COLUMNS = `hex(message_key) AS key, hex(raw_message) AS value, ${OTHER_COLUMNS}`
const BEGINNINGS = `hex(substring(message_key, 1, {bytes:UInt32})) AS key,
  hex(substring(raw_message, 1, {bytes:UInt32})) AS value, ${OTHER_COLUMNS}`

/** Dead letters, those that were rejected last first. */
export async function listErrors(db: Database, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const { where, params } = conditionsOf(filter)
  const rows = await db.query<Row>(
    `SELECT ${filter.bytesAtMost === undefined ? COLUMNS : BEGINNINGS} FROM processing_errors FINAL WHERE ${where}
     ORDER BY error_time DESC, topic, kafka_partition, kafka_offset DESC LIMIT {limit:UInt32}`,
    { params: { ...params, limit: filter.limit, bytes: filter.bytesAtMost ?? 0 } },
  )
  return rows.map(deadLetterOf).map((letter) => shortened(letter, filter.bytesAtMost))
}

/** How many there are of each reason, the most frequent first. */
export function countErrors(
  db: Database,
  filter: DeadLetterChoice = {},
): Promise<{ reason: string; count: number }[]> {
  const { where, params } = conditionsOf(filter)
  return db.query(
    `SELECT error_reason AS reason, count() AS count FROM processing_errors FINAL WHERE ${where}
     GROUP BY reason ORDER BY count DESC, reason`,
    { params },
  )
}

/** How many there are in each hour, of each partition, or of each reason, in the order of these. */
export function groupErrors(
  db: Database,
  by: keyof typeof DEAD_LETTER_GROUPS,
  filter: DeadLetterChoice = {},
): Promise<{ value: string; count: number }[]> {
  const { where, params } = conditionsOf(filter)
  const order = by === 'partition' ? 'any(kafka_partition)' : 'value'
  return db.query(
    `SELECT ${DEAD_LETTER_GROUPS[by]} AS value, count() AS count FROM processing_errors FINAL WHERE ${where}
     GROUP BY value ORDER BY ${order}`,
    { params },
  )
}

/**
 * Every dead letter that is chosen, with all its bytes, in the order of places: any number of them, of which a few MB are held
 * at a time. One that is resolved meanwhile may be given or not.
 */
export async function* eachError(
  db: Database,
  choice: DeadLetterChoice = {},
): AsyncGenerator<DeadLetter, void, undefined> {
  const { where, params } = conditionsOf(choice)
  for await (const places of eachPlace(
    db,
    'processing_errors',
    'ifNull(length(raw_message), 0)',
    where,
    params,
  )) {
    const rows = await db.query<Row>(
      `SELECT ${COLUMNS} FROM processing_errors FINAL WHERE ${AT_PLACES} ORDER BY topic, kafka_partition, kafka_offset`,
      { params: placeParams(places) },
    )
    yield* rows.map(deadLetterOf)
  }
}

/** @throws MillraceError `not_found` when there is none at that place, and when several topics have one */
export async function getError(db: Database, place: DeadLetterPlace): Promise<DeadLetter> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM processing_errors FINAL
     WHERE kafka_partition = {partition:UInt32} AND kafka_offset = {offset:UInt64}
     ${place.topic === undefined ? '' : 'AND topic = {topic:String}'} ORDER BY topic`,
    { params: { topic: place.topic, partition: place.partition, offset: place.offset } },
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
 * The keys of dead letters, in the order of the places; null where the message had none.
 *
 * @throws MillraceError `not_found` when one of them is not there
 */
export async function getKeys(
  db: Database,
  places: readonly Required<DeadLetterPlace>[],
): Promise<{ key: Buffer | null }[]> {
  const keys = new Map<string, Buffer | null>()
  for (let i = 0; i < places.length; i += PLACES_PER_STATEMENT) {
    const rows = await db.query<Required<DeadLetterPlace> & { key: string | null }>(
      `SELECT topic, kafka_partition AS partition, kafka_offset AS offset, hex(message_key) AS key
       FROM processing_errors FINAL WHERE ${AT_PLACES}`,
      { params: placeParams(places.slice(i, i + PLACES_PER_STATEMENT)) },
    )
    for (const row of rows) keys.set(nameOf(row), row.key === null ? null : Buffer.from(row.key, 'hex'))
  }
  return places.map((place) => {
    const key = keys.get(nameOf(place))
    if (key !== undefined) return { key }
    throw new MillraceError(
      'not_found',
      `there is no dead letter at partition ${place.partition}, offset ${place.offset}`,
    )
  })
}

function nameOf({ topic, partition, offset }: Required<DeadLetterPlace>): string {
  return `${topic}/${partition}/${offset}`
}

/** How a dead letter was resolved, for people: `replayed as 0199…`, `dropped`. */
export interface Resolution extends Required<DeadLetterPlace> {
  readonly how: string
}

/** Records how dead letters were resolved. A redelivery of the message leaves that as it is. */
export async function markResolved(db: Database, resolutions: readonly Resolution[]): Promise<void> {
  for (let i = 0; i < resolutions.length; i += PLACES_PER_STATEMENT) {
    const some = resolutions.slice(i, i + PLACES_PER_STATEMENT)
    await db.command(
      `INSERT INTO processing_errors
       SELECT * REPLACE (now64(3) AS resolved_at,
         {hows:Array(String)}[indexOf(${PLACES}, (toString(topic), kafka_partition, kafka_offset))] AS resolution,
         greatest(version + 1, toUInt64(toUnixTimestamp64Micro(now64(6)))) AS version)
       FROM processing_errors FINAL WHERE ${AT_PLACES}`,
      { params: { ...placeParams(some), hows: some.map(({ how }) => how) } },
    )
  }
}

function conditionsOf(filter: DeadLetterChoice): {
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

/** Where bytes were cut off, what is left of a character of UTF-8 goes too: text must stay text. */
function shortened(letter: DeadLetter, bytesAtMost = Number.POSITIVE_INFINITY): DeadLetter {
  const cut = (bytes: Buffer | null) =>
    bytes === null || bytes.length < bytesAtMost ? bytes : wholeCharacters(bytes)
  return { ...letter, key: cut(letter.key), value: cut(letter.value) }
}

function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    // The byte that begins a character says how long it is: 110…, 1110…, 11110….
    if (byte < 0x80) return bytes
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? bytes.subarray(0, -back) : bytes
    }
  }
  return bytes
}

function deadLetterOf(row: Row): DeadLetter {
  return {
    topic: row.topic,
    partition: row.kafka_partition,
    offset: row.kafka_offset,
    key: row.key === null ? null : Buffer.from(row.key, 'hex'),
    value: row.value === null ? null : Buffer.from(row.value, 'hex'),
    valueBytes: row.value_bytes,
    reason: row.error_reason,
    detail: row.error_detail,
    rejectedAtMs: row.rejected_at_ms,
    resolved: row.resolved_at_ms === null ? null : { atMs: row.resolved_at_ms, how: row.resolution },
  }
}
