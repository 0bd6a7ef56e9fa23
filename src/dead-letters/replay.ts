import { eventIdOf } from '../event/identity.ts'
import type { PageView } from '../event/page-view.ts'
import { partitionForKey } from '../event/partitioner.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import type { Database } from '../store/database.ts'
import type { DeadLetterFix } from '../store/dead-letter-fixes.ts'
import { recordReplays } from '../store/dead-letter-replays.ts'
import { getKeys, markResolved } from '../store/dead-letters.ts'

export interface DeadLetterReplay {
  readonly db: Database
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly partitions: number
  /** Who sends, for people. */
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A correction, and the page view that it says, as checkFixed() found. */
export interface Corrected extends DeadLetterFix {
  readonly view: PageView
}

export interface Replayed {
  readonly partition: number
  readonly offset: number
  readonly eventId: string
}

/**
 * Sends corrected messages through the log, as the events that the dead letters were to be: under the same identity, so that doing
 * it twice counts once. Then remembers who sent them, and marks the dead letters as resolved. Wherever this ends early, it may be done again.
 *
 * @throws MillraceError `not_found` when there is no such dead letter, and what the log and the store throw
 */
export async function replayCorrected(
  corrected: readonly Corrected[],
  options: DeadLetterReplay,
): Promise<Replayed[]> {
  const { db, writer, ledger, partitions, by, now } = options
  const keys = await getKeys(db, corrected)
  const sent = corrected.map((fix, i) => ({
    ...fix,
    eventId: eventIdOf(keys[i]!.key, fix.topic, fix.partition, fix.offset),
  }))
  const messages = sent.map(({ eventId, message, view }) => {
    const { pageId, timestampMs, durationMs, isBounce } = view
    const partition = partitionForKey(Buffer.from(pageId), partitions)
    return {
      partition,
      key: Buffer.from(eventId),
      value: message,
      timestampMs: now(),
      entry: { kind: 'view-once', eventId, pageId, timestampMs, durationMs, isBounce },
    } as const
  })
  await writer.append(messages, ledger.begin(messages))
  await recordReplays(db, sent, by)
  await markResolved(
    db,
    sent.map(({ topic, partition, offset, eventId }) => {
      return { topic, partition, offset, how: `replayed as ${eventId} by ${by}` }
    }),
  )
  return sent.map(({ partition, offset, eventId }) => ({ partition, offset, eventId }))
}
