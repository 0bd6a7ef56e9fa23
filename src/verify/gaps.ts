import { lostIn } from '../log/port.ts'
import type { Database } from '../store/database.ts'
import { listGaps } from '../store/gaps.ts'
import type { Differences } from './report.ts'

/**
 * What was gone from the log before it was read is lost, and the audit says so for as long as the record of it is kept: each gap that the
 * consumer has found is a difference, which explains those of the windows that it left empty.
 */
export async function compareGaps(db: Database, topic: string, differences: Differences): Promise<void> {
  for (const gap of await listGaps(db, topic)) {
    const { partition, expected, resumedAt, formerEnd, foundAt } = gap
    const lost = lostIn(gap)
    // The log ended before what was read: it was read again, and nothing that was there went unread.
    if (lost === 0 && formerEnd === undefined) continue
    differences.add({
      check: 'gone',
      cause: 'log_gone',
      where: `partition ${partition}, ${foundAt}`,
      expected: `offset ${expected} in the log`,
      found:
        formerEnd === undefined
          ? `${lost} messages deleted before they were read, up to offset ${resumedAt}`
          : `the topic removed and made again, with at least ${lost} messages that nobody had read`,
    })
  }
}

/** Ends of a log only grow; what explains one that has less than was acknowledged. */
export function describeShorterLog(messages: number, acknowledged: number): string[] {
  if (messages >= acknowledged) return []
  return [
    `The log has ${acknowledged - messages} messages less than were acknowledged: the topic was removed and made again, or a broker that did not have them became leader (unclean.leader.election.enable).`,
  ]
}
