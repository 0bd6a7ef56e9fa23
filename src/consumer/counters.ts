import type { RejectReason } from '../event/outcome.ts'
import { lostIn } from '../log/port.ts'
import { listen } from '../observe/events.ts'

/** What the consumer has done since it started. */
export interface ConsumerCounts {
  processed: number
  valid: number
  invalid: number
  invalidByReason: Partial<Record<RejectReason, number>>
  /** Messages dropped because their key and payload were seen a short while before. The store finds the others. */
  repeats: number
  conflicts: number
  /** Messages that were gone from the log before they were read. */
  lost: number
  /** How often the log did not have what was to be read next. */
  gaps: number
  lastFlush: { atMs: number; messages: number; writeMs: number } | null
}

/**
 * Counts what the consumer's parts say that happened.
 *
 * @param now milliseconds since the epoch
 */
export function countConsumer(now: () => number): {
  readonly counts: Readonly<ConsumerCounts>
  stop(): void
} {
  const counts: ConsumerCounts = {
    processed: 0,
    valid: 0,
    invalid: 0,
    invalidByReason: {},
    repeats: 0,
    conflicts: 0,
    lost: 0,
    gaps: 0,
    lastFlush: null,
  }
  const stops = [
    listen('consumer:processed', ({ messages, valid, invalid, repeats, conflicts }) => {
      counts.processed += messages
      counts.valid += valid
      counts.repeats += repeats
      counts.conflicts += conflicts
      for (const [reason, n] of Object.entries(invalid) as [RejectReason, number][]) {
        counts.invalid += n
        counts.invalidByReason[reason] = (counts.invalidByReason[reason] ?? 0) + n
      }
    }),
    listen('consumer:flushed', ({ messages, writeMs }) => {
      counts.lastFlush = { atMs: now(), messages, writeMs }
    }),
    listen('consumer:gap', (gap) => {
      counts.lost += lostIn(gap)
      counts.gaps += 1
    }),
  ]
  return {
    counts,
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}
