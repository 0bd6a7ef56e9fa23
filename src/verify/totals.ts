import type { LedgerSnapshot } from '../ledger/port.ts'
import type { PartitionBounds } from '../log/port.ts'
import type { Differences, OffsetTotals } from './report.ts'

/** How many messages a log has ever had. */
export interface LogMessages {
  readonly least: number
  readonly most: number
}

/**
 * Messages ever appended. Each has an offset; in a log with transactions their marks have too, so the ends say too much there. How many
 * marks there are is known where every offset was looked for.
 */
export function countMessages(bounds: readonly PartitionBounds[], offsets: OffsetTotals | null): LogMessages {
  const ends = bounds.reduce((total, { end }) => total + end, 0)
  const { marks, checked } = offsets ?? { marks: 0, checked: ends }
  return { least: marks === 0 ? ends : ends - marks - (ends - checked), most: ends - marks }
}

/** The log's ends were read after the first reading of the ledger and before the second. */
export function compareMessages(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  messages: LogMessages,
  differences: Differences,
): void {
  if (before.messages <= messages.most && messages.least <= after.messages + after.unknown.messages) return
  differences.add({
    check: 'messages',
    where: 'the whole log',
    expected: `${after.messages} messages${upTo(after.unknown.messages)} (ledger)`,
    found: `${messages.most} messages (log)`,
    cause: 'log_other',
  })
}

/** @param atLeast false when some may be missing: they are in flight, or have expired */
export function compareErrors(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  errors: Readonly<Record<string, number>>,
  atLeast: boolean,
  differences: Differences,
): void {
  const low = (atLeast ? before.invalid : {}) as Readonly<Record<string, number>>
  const high = after.invalid as Readonly<Record<string, number>>
  const unknownInvalid = after.unknown.invalid as Readonly<Record<string, number>>
  for (const reason of new Set([...Object.keys(high), ...Object.keys(errors)])) {
    const found = errors[reason] ?? 0
    const unknown = unknownInvalid[reason] ?? 0
    if ((low[reason] ?? 0) <= found && found <= (high[reason] ?? 0) + unknown) continue
    differences.add({
      check: 'errors',
      where: `reason ${reason}`,
      expected: `${high[reason] ?? 0}${upTo(unknown)} (ledger)`,
      found: `${found} (processing_errors)`,
      cause: 'errors_other',
    })
  }
}

/**
 * What is in the log, and neither a page view of its own nor an error, repeats another message. On a live system the
 * numbers were not read at one moment, so only a quiet one is compared; the comparison by window and by offset covers the other.
 * Called when nothing has expired.
 */
export function compareRepeats(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  unique: number,
  errors: Readonly<Record<string, number>>,
  messages: LogMessages,
  differences: Differences,
): void {
  if (before.messages !== after.messages || messages.least !== messages.most) return
  const repeats = messages.most - unique - sum(errors)
  const unknown = after.unknown.messages - sum(after.unknown.invalid as Readonly<Record<string, number>>)
  if (after.repeats <= repeats && repeats <= after.repeats + unknown) return
  differences.add({
    check: 'repeats',
    where: 'log less unique page views less errors',
    expected: `${after.repeats} repeats${upTo(unknown)} (ledger)`,
    found: `${repeats} repeats`,
    cause: 'repeats_other',
  })
}

/** For what may be in the log although nobody acknowledged it. */
function upTo(unknown: number): string {
  return unknown === 0 ? '' : `, and up to ${unknown} whose acknowledgement never came`
}

export function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((total, n) => total + n, 0)
}
