import { MillraceError } from '../errors.ts'
import type { Ledger } from '../ledger/port.ts'
import type { Database } from '../store/database.ts'
import { listGaps } from '../store/gaps.ts'
import { readRetention } from '../store/retention.ts'
import { compareDays } from './compare-days.ts'
import { compareLedger } from './compare-ledger.ts'
import { compareLevels, levelTotals } from './compare-levels.ts'
import { Cut } from './cut.ts'
import { compareExpired } from './expired.ts'
import { compareGaps, describeShorterLog, uncountable } from './gaps.ts'
import { countKeys } from './keys.ts'
import { compareOffsets } from './offsets.ts'
import { piecesOf } from './pieces.ts'
import {
  ALL_TIME,
  type Comparable,
  comparable,
  inGap,
  isAllTime,
  type TimeRange,
  wholeHours,
} from './range.ts'
import { repair } from './repair.ts'
import { Differences, type RepairReport, type Unchecked, type VerifyReport } from './report.ts'
import { type Settling, untilConsumed, untilRolledUp } from './settle.ts'
import { StaleWindows } from './stale-windows.ts'
import { compareErrors, compareMessages, compareRepeats, countMessages, sum } from './totals.ts'

export interface VerifyOptions extends Settling {
  readonly ledger: Ledger
  readonly topic: string
  readonly now: () => number
  /** How long raw rows and minutes are kept, in days; 0 for ever. */
  readonly rawTtlDays: number
  readonly minuteTtlDays: number
  /** Times of events to compare, widened to whole hours; all by default. */
  readonly range?: TimeRange
  /** Whether to look for every message by its offset, which may read much of the log again. True by default. */
  readonly offsets?: boolean
  /** Compute aggregates that differ again from raw, or only say which. Not by default. */
  readonly repair?: 'dry-run' | 'yes'
  /** Told while it works, for people. */
  readonly progress?: (what: string) => void
}

/** Nothing of the ledger's windows: only its totals. */
const NO_WINDOWS = { fromMs: 0, untilMs: 0 }

/**
 * Asks the log, the ledger, the raw set and every level of aggregates the same questions, and says where they differ.
 *
 * It may run while everything else does, and changes nothing unless it is told to repair. The ledger is read first; then it waits until the
 * consumer and the roll-up have seen what was in the log at that time. What is on its way is told as such. What cannot be known any
 * more, because rows have expired, is left out and said in `unchecked`. Time is cut into pieces with a bounded number of events, so
 * memory does not grow with how much there is.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { repair: wanted, ...looking } = options
  const first = await look(looking)
  const found = first.differences
  const { slice, minute, hour } = found.windows
  if (wanted === undefined || slice.size + minute.size + hour.size + found.days.size === 0) {
    return wanted === undefined ? first.report : { ...first.report, repair: nothingDone(wanted) }
  }
  const done = await repair({
    db: options.db,
    comparable: first.compared,
    differences: found,
    dryRun: wanted === 'dry-run',
    progress: options.progress ?? (() => {}),
  })
  if (wanted === 'dry-run') return { ...first.report, repair: done }
  return { ...(await look(looking)).report, repair: done }
}

function nothingDone(wanted: 'dry-run' | 'yes'): RepairReport {
  return { dry_run: wanted === 'dry-run', windows: { slice: 0, minute: 0, hour: 0 }, days: 0, refused: [] }
}

async function look(options: Omit<VerifyOptions, 'repair'>) {
  const { db, ledger, log, topic, progress = () => {} } = options
  const began = options.now()
  const range = wholeHours(options.range ?? ALL_TIME)
  const differences = new Differences()
  const notes: string[] = []

  const before = ledger.read(NO_WINDOWS)
  const left = await untilConsumed(options)
  const cut = await Cut.take(log, options.group, options.now())
  const waiting = await untilRolledUp(options)
  // Who did not get on once is not waited for again and again.
  const consumed = async (): Promise<boolean> => left === 0 && (await untilConsumed(options)) === 0
  const rolledUp = async (): Promise<StaleWindows> => {
    if (waiting === 0 && (await untilRolledUp(options)) === 0) return StaleWindows.none()
    return StaleWindows.read(db)
  }

  const compared = comparable(await readRetention(db, options), options.now())
  const unchecked: Unchecked[] = await compareExpired(db, range, compared, differences)
  const fresh: TimeRange = {
    ...range,
    fromMs: Math.max(range.fromMs, Math.min(range.untilMs, compared.rawFromMs)),
  }
  if (compared.rawFromMs > range.fromMs && compared.rawFromMs > 0) {
    notes.push(
      `Windows before ${new Date(compared.rawFromMs).toISOString()} are not compared: their raw rows expire.`,
    )
  }
  const keys = await countKeys(db, range, (done, of) => progress(`counting keys: part ${done + 1} of ${of}`))
  const conflicts = keys.conflicts > 0
  if (conflicts) {
    notes.push(
      `${keys.conflicts} keys came with more than one payload: page_views_raw has a row for each of them.`,
    )
  }

  const errors = await countErrors(db, topic)
  const bounds = await log.bounds()
  const after = ledger.read(NO_WINDOWS)
  const lost = (ms: number): boolean => inGap(compared.retention.raw, ms, ms + 1)
  // Offsets without a message, as transactions leave them, are found by looking for each.
  const hasMore = countMessages(bounds, null).most > after.messages + after.unknown.messages
  const offsets =
    options.offsets === false && !hasMore
      ? null
      : await compareOffsets({
          db,
          log,
          cut,
          range,
          keptFromMs: compared.rawFromMs,
          mayBeGone: lost,
          differences,
          unchecked,
          progress: (done, of) => progress(`looking for messages by offset: ${done} of ${of}`),
        })
  const gaps = await listGaps(db, topic)
  if (isAllTime(range)) compareGaps(gaps, differences)
  const messages = countMessages(bounds, offsets)
  const former = uncountable(gaps)
  unchecked.push(...former)
  if (former.length === 0) compareMessages(before, after, messages, differences)
  if (isAllTime(range) && former.length === 0) {
    const kept = await everythingKept(options, compared)
    compareErrors(before, after, errors, kept && left === 0, differences)
    if (kept && left === 0) compareRepeats(before, after, keys.unique, errors, messages, differences)
  }

  let staleSeen = 0
  const pieces = fresh.fromMs < fresh.untilMs ? await piecesOf(db, fresh) : []
  for (const [i, piece] of pieces.entries()) {
    progress(`comparing: part ${i + 1} of ${pieces.length}, from ${new Date(piece.fromMs).toISOString()}`)
    if (options.signal?.aborted)
      throw new MillraceError('check_failed', 'the audit was ended before it was done')
    await compareLedger({ db, ledger, conflicts, consumed, differences, mayBeGone: lost }, piece)
    staleSeen += await compareLevels(
      {
        db,
        conflicts,
        comparable: compared,
        cut: () => Cut.take(log, options.group, options.now()),
        rolledUp,
        differences,
      },
      piece,
    )
  }
  await compareDays(db, range, differences, progress)
  if (after.unknown.messages > 0) {
    notes.push(
      `${after.unknown.messages} attempts to send a message ended without an acknowledgement: the log may have these messages or not. Page views among them count when the store has them.`,
    )
  }
  const inFlight = { messages: left, windows: Math.max(waiting, staleSeen) }
  const isSettled = inFlight.messages === 0 && inFlight.windows === 0
  const verdict = differences.total > 0 ? 'differs' : isSettled ? 'agrees' : 'unsettled'
  if (!isSettled) {
    notes.push(
      `In flight: ${left} messages for the consumer, ${inFlight.windows} windows for the roll-up; neither got on while the audit waited. Is the consumer running?`,
    )
  }
  notes.push(...describeShorterLog(messages.most, before.messages))
  const committed = await log.committed(options.group)
  const report: VerifyReport = {
    agrees: verdict === 'agrees',
    verdict,
    began_at: new Date(began).toISOString(),
    took_ms: options.now() - began,
    range: {
      from: range.fromMs > ALL_TIME.fromMs ? new Date(range.fromMs).toISOString() : null,
      to: range.untilMs < ALL_TIME.untilMs ? new Date(range.untilMs).toISOString() : null,
    },
    log: { messages: messages.most, consumed: committed.reduce((total, { offset }) => total + offset, 0) },
    raw: { rows: keys.rows, unique: keys.unique, conflicts: keys.conflicts },
    conflicts: keys.named,
    errors: { total: sum(errors), by_reason: errors },
    repeats: messages.most - keys.unique - sum(errors),
    ledger: {
      messages: after.messages,
      views: after.views,
      repeats: after.repeats,
      unacknowledged: after.unknown.messages,
      invalid: after.invalid as Record<string, number>,
    },
    levels: await levelTotals(db, range),
    in_flight: inFlight,
    offsets,
    unchecked,
    repair: null,
    differences: differences.list,
    differences_total: differences.total,
    notes,
  }
  return { report, differences, compared }
}

/** Whether no event and no error of this log can have expired: then totals can be compared. */
async function everythingKept(
  { db, ledger }: VerifyOptions,
  { rawFromMs, retention }: Comparable,
): Promise<boolean> {
  const isEmpty = (range: TimeRange): boolean => ledger.read(range).windows.length === 0
  if (!retention.raw.gaps.every(isEmpty)) return false
  if (rawFromMs === 0) return true
  if (!isEmpty({ fromMs: 0, untilMs: rawFromMs })) return false
  const [row] = await db.query<{ old: number }>(
    'SELECT count() AS old FROM page_views_breakdown_hour WHERE window_start < {until:UInt32}',
    { params: { until: rawFromMs / 1_000 } },
  )
  return (row?.old ?? 0) === 0
}

async function countErrors(db: Database, topic: string): Promise<Record<string, number>> {
  const rows = await db.query<{ reason: string; errors: number }>(
    `SELECT error_reason AS reason, count() AS errors FROM processing_errors FINAL
     WHERE topic = {topic:String} GROUP BY reason ORDER BY reason`,
    { params: { topic } },
  )
  return Object.fromEntries(rows.map(({ reason, errors }) => [reason, errors]))
}
