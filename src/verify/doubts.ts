import type { DoubtedView, Doubts, LedgerSnapshot, LedgerWindow } from '../ledger/port.ts'
import type { Database } from '../store/database.ts'
import { sum } from './sum.ts'

/**
 * By how much log and store may exceed the ledger, because attempts to send ended without an answer. Each message of such an attempt is
 * in the log once more than the ledger says, or not. So:
 *
 * - A page view of which no attempt was answered is known by its key, and raw is asked for it: then it counts like those of the
 *   ledger (`counting`). Of all other views the answer is known: raw must have those of the ledger, neither more nor less.
 * - Beyond that, the log has no more messages than were in all those attempts. One too many is an error, if it was an invalid one, of
 *   its reason; otherwise it repeats a page view.
 *
 * Without such attempts all of this is 0, and each number must be the ledger's.
 */
export interface Allowance {
  /** How many messages more the log may have. */
  readonly messages: number
  /** How many of these may be repeats. */
  readonly repeats: number
  /** How many of these may be errors, by reason. */
  readonly invalid: Readonly<Record<string, number>>
}

const KEYS_A_QUERY = 1_000

/** @param views how many page views in doubt are counted already */
export function allowanceOf(doubts: Doubts, views: number): Allowance {
  const invalid = doubts.invalid as Readonly<Record<string, number>>
  return { messages: doubts.messages - views, repeats: doubts.messages - sum(invalid) - views, invalid }
}

/** A reading of the ledger in which those page views in doubt count too that raw has, and how many these are. */
export async function counting(
  db: Database,
  ledger: LedgerSnapshot,
  doubts: Doubts,
): Promise<{ ledger: LedgerSnapshot; views: number }> {
  const views = await foundInRaw(db, doubts.views)
  return { ledger: withViews(ledger, views), views: views.length }
}

async function foundInRaw(db: Database, views: readonly DoubtedView[]): Promise<DoubtedView[]> {
  const found = new Set<string>()
  for (let i = 0; i < views.length; i += KEYS_A_QUERY) {
    const some = views.slice(i, i + KEYS_A_QUERY)
    const times = some.map(({ timestampMs }) => timestampMs)
    const rows = await db.query<{ id: string }>(
      `SELECT DISTINCT toString(event_id) AS id FROM page_views_raw
       WHERE event_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
         AND event_time <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
         AND event_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))`,
      {
        params: {
          from: Math.min(...times),
          until: Math.max(...times),
          ids: some.map(({ eventId }) => eventId),
        },
      },
    )
    for (const { id } of rows) found.add(id)
  }
  return views.filter(({ eventId }) => found.has(eventId))
}

const MINUTE_MS = 60_000

function withViews(ledger: LedgerSnapshot, views: readonly DoubtedView[]): LedgerSnapshot {
  if (views.length === 0) return ledger
  const windows = new Map<string, LedgerWindow>()
  const nameOf = (minute: number, pageId: string): string => `${minute} ${pageId}`
  for (const window of ledger.windows) windows.set(nameOf(window.minute, window.pageId), window)
  for (const { timestampMs, pageId, durationMs, isBounce } of views) {
    const minute = Math.floor(timestampMs / MINUTE_MS) * MINUTE_MS
    const name = nameOf(minute, pageId)
    const before = windows.get(name) ?? { minute, pageId, views: 0, bounces: 0, durationMs: 0 }
    windows.set(name, {
      ...before,
      views: before.views + 1,
      bounces: before.bounces + (isBounce ? 1 : 0),
      durationMs: before.durationMs + durationMs,
    })
  }
  return {
    ...ledger,
    messages: ledger.messages + views.length,
    views: ledger.views + views.length,
    windows: [...windows.values()],
  }
}

/** What was in doubt, for people; nothing when no attempt was. */
export function describeDoubts(doubts: Doubts, views: number, more: number): string[] {
  if (doubts.messages === 0) return []
  const given = views === 0 ? '' : `, ${views} of them page views that were given up as failed`
  return [
    `${doubts.messages} messages were in attempts to send that ended without an answer; the log has ${more} more than the ledger${given}.`,
  ]
}
