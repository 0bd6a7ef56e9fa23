import type { LedgerSnapshot, LedgerWindow } from '../ledger/port.ts'
import type { Database } from '../store/database.ts'
import type { Differences } from './report.ts'
import { readUnknownViews } from './unknown-views.ts'

const HOUR_MS = 3_600_000

/** What one minute and page count to. */
interface Counts {
  views: number
  bounces: number
  durationMs: number
}

const NOTHING: Counts = { views: 0, bounces: 0, durationMs: 0 }

/**
 * Compares raw with the ledger, minute by minute and page by page, an hour at a time, so that memory is bounded by what one hour
 * holds.
 *
 * The ledger is read before and after raw. Its counts only grow, and a message is in the ledger, or among the unknown ones, from the
 * moment it is in the log; so on a live system raw lies between the two readings, and on a quiet one they are the
 * same number. Of the unknown page views those count that the store has.
 *
 * @param events where raw events are read from: rawEvents()
 * @param fromMs hours before this moment are left out: their raw rows may have expired
 * @param readAgain the ledger as it is after raw was read
 */
export async function compareLedger(
  db: Database,
  events: string,
  before: LedgerSnapshot,
  readAgain: () => LedgerSnapshot,
  fromMs: number,
  differences: Differences,
): Promise<void> {
  const expected = byHour([...before.windows, ...(await readUnknownViews(db, events, before.unknown.views))])
  const raw = new Map<number, Map<string, Counts>>()
  for (const hour of await hoursOf(db, expected, fromMs)) {
    const found = await readRaw(db, events, hour)
    const suspects = differing(expected.get(hour) ?? new Map(), found)
    if (suspects.size > 0) raw.set(hour, suspects)
  }
  if (raw.size === 0) return
  const after = readAgain()
  const isQuiet = after.messages === before.messages && after.unknown.views.size === before.unknown.views.size
  const low = isQuiet ? expected : byHour(before.windows)
  const high = byHour([...after.windows, ...(await readUnknownViews(db, events, after.unknown.views))])
  for (const [hour, suspects] of raw) {
    for (const [name, found] of suspects) {
      const least = low.get(hour)?.get(name) ?? NOTHING
      const most = high.get(hour)?.get(name) ?? NOTHING
      if (between(least, found, most)) continue
      differences.add({
        check: 'ledger',
        where: describeWindow(name),
        expected: `${describe(least)} (ledger)`,
        found: `${describe(found)} (raw)`,
      })
    }
  }
}

/** The names that differ, with what raw has for them; those that are only in the ledger too. */
function differing(expected: Map<string, Counts>, found: Map<string, Counts>): Map<string, Counts> {
  const suspects = new Map<string, Counts>()
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    const a = expected.get(name) ?? NOTHING
    const b = found.get(name) ?? NOTHING
    if (!between(a, b, a)) suspects.set(name, b)
  }
  return suspects
}

async function hoursOf(db: Database, ledger: Map<number, unknown>, fromMs: number): Promise<number[]> {
  const rows = await db.query<{ hour: number }>(
    'SELECT DISTINCT toUnixTimestamp(toStartOfHour(slice)) AS hour FROM page_views_raw',
  )
  const hours = new Set([...ledger.keys(), ...rows.map(({ hour }) => hour * 1_000)])
  return [...hours].filter((hour) => hour >= fromMs).sort((a, b) => a - b)
}

async function readRaw(db: Database, events: string, hour: number): Promise<Map<string, Counts>> {
  const rows = await db.query<{ minute: number; page_id: string } & Counts>(
    `SELECT intDiv(toUnixTimestamp(slice), 60) * 60 AS minute, page_id, count() AS views,
            countIf(is_bounce) AS bounces, sum(duration_ms) AS durationMs
     FROM ${events}
     WHERE slice >= {from:DateTime('UTC')} AND slice < {until:DateTime('UTC')}
     GROUP BY minute, page_id`,
    { params: { from: hour / 1_000, until: (hour + HOUR_MS) / 1_000 } },
  )
  return new Map(rows.map((row) => [nameOf(row.minute * 1_000, row.page_id), row]))
}

function byHour(windows: Iterable<LedgerWindow>): Map<number, Map<string, Counts>> {
  const hours = new Map<number, Map<string, Counts>>()
  for (const window of windows) {
    const hour = Math.floor(window.minute / HOUR_MS) * HOUR_MS
    let pages = hours.get(hour)
    if (!pages) {
      pages = new Map()
      hours.set(hour, pages)
    }
    const name = nameOf(window.minute, window.pageId)
    const { views, bounces, durationMs } = pages.get(name) ?? NOTHING
    pages.set(name, {
      views: views + window.views,
      bounces: bounces + window.bounces,
      durationMs: durationMs + window.durationMs,
    })
  }
  return hours
}

function nameOf(minuteMs: number, pageId: string): string {
  return `${minuteMs} ${pageId}`
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
