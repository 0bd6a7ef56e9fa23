import { crc32 } from 'node:zlib'
import type { Ledger, LedgerSnapshot, LedgerWindow } from '../ledger/port.ts'
import type { Database } from '../store/database.ts'
import { rawEvents } from './levels.ts'
import { AUDIT_SETTINGS, WINDOWS_AT_ONCE } from './limits.ts'
import type { TimeRange } from './range.ts'
import type { Differences } from './report.ts'
import { readUnknownViews } from './unknown-views.ts'

const MINUTE_MS = 60_000
/** What differs must do so three times: what is in flight has landed by then. */
const LOOKS = 3

export interface LedgerAudit {
  readonly db: Database
  readonly ledger: Ledger
  /** Whether raw has keys with more than one payload. */
  readonly conflicts: boolean
  /** Waits until the consumer has seen what is in the log now; false when it has not even so. */
  readonly consumed: () => Promise<boolean>
  readonly differences: Differences
  /** Whether raw may lack the events of a time because of a gap in its retention. */
  readonly mayBeGone: (timestampMs: number) => boolean
}

/** What one minute and page count to. */
interface Counts {
  views: number
  bounces: number
  durationMs: number
}

const NOTHING: Counts = { views: 0, bounces: 0, durationMs: 0 }

/**
 * Compares raw with the ledger for one piece of time. Minute by minute a few sums are compared, which tell pages apart; page by page
 * only what differs.
 *
 * The ledger is read before and after raw. Its counts only grow, and a message is in the ledger, or among the unknown ones, from the
 * moment it is in the log; so on a live system raw lies between the two readings, and on a quiet one they are the
 * same number. Of the unknown page views those count that the store has.
 */
export async function compareLedger(audit: LedgerAudit, piece: TimeRange): Promise<void> {
  const before = audit.ledger.read(piece)
  const unknown = await unknownWindows(audit, before, piece)
  const expected = digestsOf([...before.windows, ...unknown])
  const found = new Map((await readDigests(audit, piece)).map((row) => [row.minute * 1_000, row]))
  let suspects: number[] = []
  for (const minute of new Set([...expected.keys(), ...found.keys()])) {
    const a = expected.get(minute) ?? EMPTY
    const b = found.get(minute) ?? EMPTY
    if (DIGEST.some((name) => a[name] !== b[name])) suspects.push(minute)
  }
  suspects = suspects.filter((minute) => !audit.mayBeGone(minute)).sort((a, b) => a - b)
  for (let i = 0; i < suspects.length; i += WINDOWS_AT_ONCE) {
    await lookAgain(audit, suspects.slice(i, i + WINDOWS_AT_ONCE))
  }
}

interface Difference {
  readonly name: string
  readonly minute: number
  readonly least: Counts
  readonly most: Counts
  readonly found: Counts
}

async function lookAgain(audit: LedgerAudit, suspects: readonly number[]): Promise<void> {
  let left = suspects
  let differing: Difference[] = []
  for (let look = 0; look < LOOKS && left.length > 0; look++) {
    differing = await lookOnce(audit, left)
    left = [...new Set(differing.map(({ minute }) => minute))]
  }
  for (const { name, minute, least, most, found } of differing) {
    audit.differences.add({
      check: 'ledger',
      where: describeWindow(name),
      expected: `${describe(least)} (ledger)`,
      found: `${describe(found)} (raw)`,
      cause: found.views < least.views ? 'raw_less' : found.views > most.views ? 'raw_more' : 'raw_other',
      window: { level: 'minute', start_ms: minute },
    })
  }
}

async function lookOnce(audit: LedgerAudit, minutes: readonly number[]): Promise<Difference[]> {
  const range = { fromMs: minutes[0]!, untilMs: minutes.at(-1)! + MINUTE_MS }
  const wanted = new Set(minutes)
  const namesOf = (windows: readonly LedgerWindow[]): Map<string, Counts> =>
    byName(windows.filter(({ minute }) => wanted.has(minute)))
  const before = audit.ledger.read(range)
  const unknown = await unknownWindows(audit, before, range)
  const consumed = await audit.consumed()
  const raw = byName(await readRaw(audit, minutes))
  const after = audit.ledger.read(range)
  const isQuiet = after.messages === before.messages && after.unknown.views.size === before.unknown.views.size
  const low = namesOf(isQuiet ? [...before.windows, ...unknown] : before.windows)
  const high = namesOf([...after.windows, ...(await unknownWindows(audit, after, range))])
  const differing: Difference[] = []
  for (const name of new Set([...low.keys(), ...high.keys(), ...raw.keys()])) {
    // What the consumer has not read yet may be all that is missing.
    const least = consumed ? (low.get(name) ?? NOTHING) : NOTHING
    const most = high.get(name) ?? NOTHING
    const found = raw.get(name) ?? NOTHING
    if (between(least, found, most)) continue
    differing.push({ name, minute: Number(name.slice(0, name.indexOf(' '))), least, most, found })
  }
  return differing
}

async function unknownWindows(
  { db, conflicts }: LedgerAudit,
  { unknown }: LedgerSnapshot,
  { fromMs, untilMs }: TimeRange,
): Promise<LedgerWindow[]> {
  const events = rawEvents(conflicts, `slice >= ${fromMs / 1_000} AND slice < ${untilMs / 1_000}`)
  return unknown.views.size === 0 ? [] : readUnknownViews(db, events, unknown.views)
}

/**
 * The sums of one minute. The last three weigh each page view with a hash of its page, so that views that moved from one page to another
 * show. All of them stay below 2^53 for up to some million views a minute.
 */
const DIGEST = ['views', 'bounces', 'durationMs', 'pages', 'bouncedPages', 'pageDurations'] as const
type Digest = Record<(typeof DIGEST)[number], number>
const EMPTY: Digest = { views: 0, bounces: 0, durationMs: 0, pages: 0, bouncedPages: 0, pageDurations: 0 }
const PAGE_MASK = 0xf_ffff
const DURATION_MASK = 0x3ff

function digestsOf(windows: readonly LedgerWindow[]): Map<number, Digest> {
  const digests = new Map<number, Digest>()
  for (const { minute, pageId, views, bounces, durationMs } of windows) {
    let digest = digests.get(minute)
    if (!digest) {
      digest = { ...EMPTY }
      digests.set(minute, digest)
    }
    const page = crc32(pageId)
    digest.views += views
    digest.bounces += bounces
    digest.durationMs += durationMs
    digest.pages += views * (page & PAGE_MASK)
    digest.bouncedPages += bounces * (page & PAGE_MASK)
    digest.pageDurations += durationMs * (page & DURATION_MASK)
  }
  return digests
}

async function readDigests(
  { db, conflicts }: LedgerAudit,
  { fromMs, untilMs }: TimeRange,
): Promise<(Digest & { minute: number })[]> {
  const events = rawEvents(conflicts, `slice >= ${fromMs / 1_000} AND slice < ${untilMs / 1_000}`)
  return db.query(
    `SELECT intDiv(toUnixTimestamp(slice), 60) * 60 AS minute, count() AS views, countIf(is_bounce) AS bounces,
            sum(duration_ms) AS durationMs, sum(bitAnd(CRC32(toString(page_id)), ${PAGE_MASK})) AS pages,
            sumIf(bitAnd(CRC32(toString(page_id)), ${PAGE_MASK}), is_bounce) AS bouncedPages,
            sum(toUInt64(duration_ms) * bitAnd(CRC32(toString(page_id)), ${DURATION_MASK})) AS pageDurations
     FROM ${events} GROUP BY minute`,
    { settings: AUDIT_SETTINGS },
  )
}

async function readRaw({ db }: LedgerAudit, minutes: readonly number[]): Promise<LedgerWindow[]> {
  const starts = minutes.map((minute) => minute / 1_000)
  const minute = 'intDiv(toUnixTimestamp(slice), 60) * 60'
  const events = rawEvents(
    true,
    `slice >= ${starts[0]} AND slice < ${starts.at(-1)! + 60} AND ${minute} IN (${starts.join(', ')})`,
  )
  return db.query<LedgerWindow>(
    `SELECT ${minute} * 1000 AS minute, page_id AS pageId, count() AS views,
            countIf(is_bounce) AS bounces, sum(duration_ms) AS durationMs
     FROM ${events} GROUP BY minute, page_id`,
    { settings: AUDIT_SETTINGS },
  )
}

function byName(windows: Iterable<LedgerWindow>): Map<string, Counts> {
  const names = new Map<string, Counts>()
  for (const { minute, pageId, ...more } of windows) {
    const name = `${minute} ${pageId}`
    const { views, bounces, durationMs } = names.get(name) ?? NOTHING
    names.set(name, {
      views: views + more.views,
      bounces: bounces + more.bounces,
      durationMs: durationMs + more.durationMs,
    })
  }
  return names
}

function describeWindow(name: string): string {
  const space = name.indexOf(' ')
  const minute = new Date(Number(name.slice(0, space))).toISOString().replace('.000Z', 'Z')
  return `minute ${minute}, page ${JSON.stringify(name.slice(space + 1))}`
}

function between(low: Counts, found: Counts, high: Counts): boolean {
  return (['views', 'bounces', 'durationMs'] as const).every(
    (name) => low[name] <= found[name] && found[name] <= high[name],
  )
}

function describe({ views, bounces, durationMs }: Counts): string {
  return `${views} views, ${bounces} bounces, ${durationMs} ms`
}
