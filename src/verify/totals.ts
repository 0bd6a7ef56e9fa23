import type { LedgerSnapshot } from '../ledger/port.ts'
import type { PartitionBounds } from '../log/port.ts'
import type { Differences } from './report.ts'

/** The log's ends were read after the first reading of the ledger and before the second. */
export function compareMessages(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  bounds: readonly PartitionBounds[],
  differences: Differences,
): void {
  const messages = bounds.reduce((total, { end }) => total + end, 0)
  if (before.messages <= messages && messages <= after.messages + after.unknown.messages) return
  differences.add({
    check: 'messages',
    where: `the log's ${bounds.length} partitions`,
    expected: `${after.messages} messages${upTo(after.unknown.messages)} (ledger)`,
    found: `${messages} messages (log)`,
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
  bounds: readonly PartitionBounds[],
  differences: Differences,
): void {
  if (before.messages !== after.messages) return
  const repeats = bounds.reduce((total, { end }) => total + end, 0) - unique - sum(errors)
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
