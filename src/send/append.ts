import { eventIdOf } from '../event/identity.ts'
import type { DoubtedEntry, Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import type { Outgoing } from './outgoing.ts'

export interface Appending {
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
}

/**
 * Appends messages, with their entries for the ledger. An attempt that ends without an answer is told to the ledger before the next one
 * begins. From then on page views are recorded by their key, so that one whose attempts all ended so can be looked for in the store, and
 * counts once when it is sent again.
 *
 * @param wasInDoubt whether an earlier append of these messages was in doubt
 * @param onDoubt told when this one is
 */
export async function append(
  { writer, ledger }: Appending,
  messages: readonly Outgoing[],
  wasInDoubt = false,
  onDoubt?: () => void,
): Promise<void> {
  let inDoubt = wasInDoubt
  await writer.append(
    messages.map(({ record }) => record),
    () => ledger.record(inDoubt ? messages.map(identified) : messages.map(({ entry }) => entry)),
    () => {
      inDoubt = true
      ledger.doubt(messages.map(identified))
      onDoubt?.()
    },
  )
}

/** The entry of a message that may be in the log already. Whoever sends page views gives each a key, which is its identity. */
export function identified({ record, entry }: Outgoing): DoubtedEntry {
  if (entry.kind !== 'view') return entry
  return { ...entry, kind: 'view-once', eventId: eventIdOf(record.key, '', record.partition, 0) }
}
