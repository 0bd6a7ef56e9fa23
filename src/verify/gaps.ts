import { lostIn } from '../log/port.ts'
import type { FoundGap } from '../store/gaps.ts'
import type { Differences, Unchecked } from './report.ts'

/**
 * What was gone from the log before it was read is lost, and the audit says so for as long as the record of it is kept: each gap that the
 * consumer has found is a difference, which explains those of the windows that it left empty. Where nothing was lost, the log was cut
 * off behind what was read, or the topic was removed after all of it had been read.
 */
export function compareGaps(gaps: readonly FoundGap[], differences: Differences): void {
  for (const gap of gaps) {
    const { partition, expected, resumedAt, formerEnd, foundAt } = gap
    const lost = lostIn(gap)
    if (lost === 0) continue
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

/** The messages of a topic that was removed are in no log any more, and neither they nor their offsets can be counted there. */
export function uncountable(gaps: readonly FoundGap[]): Unchecked[] {
  const again = gaps.filter(({ formerEnd }) => formerEnd !== undefined)
  if (again.length === 0) return []
  return [
    {
      what: 'former_topic',
      where: `numbers of messages, errors and repeats since before ${again[0]!.foundAt}`,
      why: 'the topic was removed and made again, so its log does not tell how many there were; page views are compared with the ledger',
    },
  ]
}

/** Ends of a log only grow; what explains one that has less than was acknowledged. */
export function describeShorterLog(messages: number, acknowledged: number): string[] {
  if (messages >= acknowledged) return []
  return [
    `The log has ${acknowledged - messages} messages less than were acknowledged: the topic was removed and made again, or a broker that did not have them became leader (unclean.leader.election.enable).`,
  ]
}
