import type { Ledger, LedgerSnapshot } from '../ledger/port.ts'
import type { PartitionBounds } from '../log/port.ts'
import { compareLedger } from './compare-ledger.ts'
import { compareLevels, levelTotals } from './compare-levels.ts'
import { compareGaps, describeShorterLog } from './gaps.ts'
import { rawEvents } from './levels.ts'
import { Differences, type VerifyReport } from './report.ts'
import { type Settling, untilConsumed, untilRolledUp } from './settle.ts'

export interface VerifyOptions extends Settling {
  readonly ledger: Ledger
  readonly topic: string
  readonly now: () => number
  /** How long raw rows and minutes are kept, in days; 0 for ever. */
  readonly rawTtlDays: number
  readonly minuteTtlDays: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Slices of the last hour are kept, and every window of that age is computed from them. */
const SLICES_COMPARED_MS = HOUR_MS

/**
 * Asks the log, the ledger, the raw set and every level of aggregates the same questions, and says where they differ.
 *
 * It changes nothing, and it may run while everything else does. The ledger is read first; then it waits until the
 * consumer and the roll-up have seen what was in the log at that time. What cannot be known any more, because rows have
 * expired, is left out and said in `notes`.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { db, ledger, log, topic } = options
  const began = options.now()
  const differences = new Differences()
  const notes: string[] = []

  const before = ledger.read()
  const left = await untilConsumed(options)
  const stale = await untilRolledUp(options)
  if (left > 0) {
    differences.add({
      check: 'consumed',
      where: `group ${options.group}`,
      expected: '0 messages behind',
      found: `${left} messages behind: is the consumer running?`,
    })
  }
  if (stale > 0) {
    differences.add({
      check: 'rolled_up',
      where: 'rollup_windows',
      expected: '0 stale windows',
      found: `${stale} stale windows: is the consumer running?`,
    })
  }

  const range = comparedRange(options)
  if (range.rawFromMs > 0) {
    notes.push(
      `Windows before ${new Date(range.rawFromMs).toISOString()} are not compared: their raw rows expire.`,
    )
  }
  const conflicts = await countConflicts(options)
  if (conflicts > 0) {
    notes.push(
      `${conflicts} keys came with more than one payload: page_views_raw has a row for each of them.`,
    )
  }
  const events = rawEvents(conflicts)

  const raw = await countRaw(options)
  const errors = await countErrors(options, topic)
  const bounds = await log.bounds()
  const after = ledger.read()

  await compareGaps(db, topic, differences)
  compareMessages(before, after, bounds, differences)
  compareErrors(before, after, errors, differences)
  compareRepeats(before, after, raw.unique, errors, bounds, range.rawFromMs, differences)
  await compareLedger(db, events, before, () => ledger.read(), range.rawFromMs, differences)
  await compareLevels(db, events, range, async () => void (await untilRolledUp(options)), differences)

  if (after.unknown.messages > 0) {
    notes.push(
      `${after.unknown.messages} attempts to send a message ended without an acknowledgement: the log may have these messages or not. Page views among them count when the store has them.`,
    )
  }
  const messages = bounds.reduce((sum, { end }) => sum + end, 0)
  notes.push(...describeShorterLog(messages, before.messages))
  const committed = await log.committed(options.group)
  return {
    agrees: differences.total === 0,
    began_at: new Date(began).toISOString(),
    took_ms: options.now() - began,
    log: { messages, consumed: committed.reduce((sum, { offset }) => sum + offset, 0) },
    raw: { ...raw, conflicts },
    errors: { total: sum(errors), by_reason: errors },
    repeats: messages - raw.unique - sum(errors),
    ledger: {
      messages: after.messages,
      views: after.views,
      repeats: after.repeats,
      unacknowledged: after.unknown.messages,
      invalid: after.invalid as Record<string, number>,
    },
    levels: await levelTotals(db),
    differences: differences.list,
    differences_total: differences.total,
    notes,
  }
}

/** The first windows whose rows, on every side, are certainly all still there. */
function comparedRange(options: VerifyOptions) {
  const now = options.now()
  const keptFrom = (days: number): number =>
    days === 0 ? 0 : Math.ceil((now - days * DAY_MS) / DAY_MS + 1) * DAY_MS
  return {
    rawFromMs: keptFrom(options.rawTtlDays),
    minutesFromMs: keptFrom(options.minuteTtlDays),
    slicesFromMs: now - SLICES_COMPARED_MS,
  }
}

async function countRaw({ db }: VerifyOptions): Promise<{ rows: number; unique: number }> {
  const [row] = await db.query<{ rows: number; unique: number }>(
    'SELECT count() AS rows, uniqExact(event_id) AS unique FROM page_views_raw FINAL',
  )
  return row ?? { rows: 0, unique: 0 }
}

async function countConflicts({ db }: VerifyOptions): Promise<number> {
  const [row] = await db.query<{ conflicts: number }>(
    `SELECT count() AS conflicts FROM
       (SELECT event_id FROM page_views_raw GROUP BY event_id HAVING min(payload_hash) != max(payload_hash))`,
  )
  return row?.conflicts ?? 0
}

async function countErrors({ db }: VerifyOptions, topic: string): Promise<Record<string, number>> {
  const rows = await db.query<{ reason: string; errors: number }>(
    `SELECT error_reason AS reason, count() AS errors FROM processing_errors FINAL
     WHERE topic = {topic:String} GROUP BY reason ORDER BY reason`,
    { params: { topic } },
  )
  return Object.fromEntries(rows.map(({ reason, errors }) => [reason, errors]))
}

/** The log's ends were read after the first reading of the ledger and before the second. */
function compareMessages(
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
  })
}

function compareErrors(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  errors: Readonly<Record<string, number>>,
  differences: Differences,
): void {
  const low = before.invalid as Readonly<Record<string, number>>
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
    })
  }
}

/**
 * What is in the log, and neither a page view of its own nor an error, repeats another message. On a live system the
 * numbers were not read at one moment, so only a quiet one is compared; the comparison by window covers the other.
 */
function compareRepeats(
  before: LedgerSnapshot,
  after: LedgerSnapshot,
  unique: number,
  errors: Readonly<Record<string, number>>,
  bounds: readonly PartitionBounds[],
  rawFromMs: number,
  differences: Differences,
): void {
  const everythingKept = before.windows.every(({ minute }) => minute >= rawFromMs)
  if (before.messages !== after.messages || !everythingKept) return
  const repeats = bounds.reduce((total, { end }) => total + end, 0) - unique - sum(errors)
  const unknown = after.unknown.messages - sum(after.unknown.invalid as Readonly<Record<string, number>>)
  if (after.repeats <= repeats && repeats <= after.repeats + unknown) return
  differences.add({
    check: 'repeats',
    where: 'log less unique page views less errors',
    expected: `${after.repeats} repeats${upTo(unknown)} (ledger)`,
    found: `${repeats} repeats`,
  })
}

/** For what may be in the log although nobody acknowledged it. */
function upTo(unknown: number): string {
  return unknown === 0 ? '' : `, and up to ${unknown} whose acknowledgement never came`
}

function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((total, n) => total + n, 0)
}
