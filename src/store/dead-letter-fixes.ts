import { MillraceError } from '../errors.ts'
import type { Database } from './database.ts'
import {
  AT_PLACES,
  type DeadLetterPlace,
  eachPlace,
  PLACES_PER_STATEMENT,
  placeParams,
} from './dead-letter-places.ts'
import { RowBinaryWriter } from './row-binary.ts'

/** A corrected message that waits to be sent. */
export interface DeadLetterFix extends Required<DeadLetterPlace> {
  readonly message: Buffer
}

const COLUMNS = ['topic', 'kafka_partition', 'kafka_offset', 'fixed_message', 'fixed_by']

/**
 * Keeps the corrected bytes of dead letters until they are sent; earlier corrections are replaced.
 *
 * @param by who corrected them, for people
 */
export async function saveFixes(db: Database, fixes: readonly DeadLetterFix[], by: string): Promise<void> {
  if (fixes.length === 0) return
  // As a body: a message in the request's address would have to be short.
  const writer = new RowBinaryWriter()
  for (const { topic, partition, offset, message } of fixes) {
    writer.string(topic)
    writer.uint32(partition)
    writer.int64(offset)
    writer.bytesOf(message)
    writer.string(by)
  }
  await db.insert('dead_letter_fixes', COLUMNS, writer.bytes)
}

// An open dead letter: what was sent is not sent again.
const OPEN = `(topic, kafka_partition, kafka_offset) IN (
  SELECT topic, kafka_partition, kafka_offset FROM processing_errors FINAL WHERE isNull(resolved_at))`

interface FixRow extends Required<DeadLetterPlace> {
  readonly message: string
}

/**
 * Corrections of dead letters that are still open, in the order of their places, in groups that can be held in memory.
 */
export async function* eachFixes(db: Database): AsyncGenerator<DeadLetterFix[], void, undefined> {
  for await (const places of eachPlace(db, 'dead_letter_fixes', 'length(fixed_message)', OPEN, {})) {
    yield await fixesAt(db, places)
  }
}

/**
 * The corrections of these dead letters.
 *
 * @throws MillraceError `not_found` when one of them has none, or was sent already
 */
export async function getFixes(
  db: Database,
  places: readonly Required<DeadLetterPlace>[],
): Promise<DeadLetterFix[]> {
  const found: DeadLetterFix[] = []
  for (let i = 0; i < places.length; i += PLACES_PER_STATEMENT) {
    found.push(...(await fixesAt(db, places.slice(i, i + PLACES_PER_STATEMENT))))
  }
  const nameOf = ({ topic, partition, offset }: Required<DeadLetterPlace>) =>
    `${topic}/${partition}/${offset}`
  const known = new Set(found.map(nameOf))
  const missing = places.filter((place) => !known.has(nameOf(place)))
  if (missing.length === 0) return found
  const names = missing.slice(0, 10).map(({ partition, offset }) => `${partition}/${offset}`)
  throw new MillraceError('not_found', `no correction waits to be sent for ${names.join(', ')}`, {
    hint: 'Correct it first; what was sent already is not sent again.',
  })
}

async function fixesAt(db: Database, places: readonly Required<DeadLetterPlace>[]): Promise<DeadLetterFix[]> {
  const rows = await db.query<FixRow>(
    `SELECT topic, kafka_partition AS partition, kafka_offset AS offset, hex(fixed_message) AS message
     FROM dead_letter_fixes FINAL WHERE ${AT_PLACES} AND ${OPEN}
     ORDER BY topic, kafka_partition, kafka_offset`,
    { params: placeParams(places) },
  )
  return rows.map((row) => ({ ...row, message: Buffer.from(row.message, 'hex') }))
}
