import { type Gap, lostIn } from '../log/port.ts'

/** A gap, for people. */
export function gapSentence(gap: Gap): string {
  const { partition, expected, resumedAt, formerEnd } = gap
  if (formerEnd !== undefined) {
    return `THE TOPIC WAS REMOVED AND MADE AGAIN: of partition ${partition} at least ${lostIn(gap)} messages are gone that nobody has read, from offset ${expected} on; reading the new one from ${resumedAt}`
  }
  if (resumedAt >= expected) {
    return `MESSAGES ARE GONE from partition ${partition}: ${lostIn(gap)} messages from offset ${expected} on were deleted before they were read, going on at ${resumedAt}`
  }
  return `THE LOG WAS CUT OFF: partition ${partition} ends before offset ${expected}, which was to be read next; reading again from ${resumedAt}`
}
