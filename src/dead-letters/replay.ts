import { eventIdOf } from '../event/identity.ts'
import type { PageView } from '../event/page-view.ts'
import { partitionForKey } from '../event/partitioner.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import type { Database } from '../store/database.ts'
import { type DeadLetter, getError, markResolved } from '../store/dead-letters.ts'

export interface DeadLetterReplay {
  readonly db: Database
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly partitions: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A corrected message and the dead letter that it corrects. */
export interface Corrected {
  readonly letter: Pick<DeadLetter, 'topic' | 'partition' | 'offset'>
  readonly message: Buffer
  /** What the message says, as checkFixed() found. */
  readonly view: PageView
}

/**
 * Sends a corrected message through the log, as the event that the dead letter was to be: under the same identity, so that doing
 * it twice counts once. Then marks the dead letter as resolved.
 *
 * @returns the event's id
 * @throws MillraceError `not_found` when there is no such dead letter, and what the log and the store throw
 */
export async function replayCorrected(corrected: Corrected, options: DeadLetterReplay): Promise<string> {
  const { db, writer, ledger, partitions, now } = options
  const { message, view } = corrected
  const letter = await getError(db, corrected.letter)
  const eventId = eventIdOf(letter.key, letter.topic, letter.partition, letter.offset)
  const record = {
    partition: partitionForKey(Buffer.from(view.pageId), partitions),
    key: Buffer.from(eventId),
    value: message,
    timestampMs: now(),
  }
  const { pageId, timestampMs, durationMs, isBounce } = view
  const entry = { kind: 'view-once', eventId, pageId, timestampMs, durationMs, isBounce } as const
  await writer.append([record], ledger.begin([{ record, entry }]))
  await markResolved(db, [letter], `replayed as ${eventId}`)
  return eventId
}
