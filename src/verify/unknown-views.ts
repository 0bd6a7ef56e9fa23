import type { LedgerWindow } from '../ledger/port.ts'
import type { Database } from '../store/database.ts'

/** Ids of one query: each is 36 characters of it. */
const IDS_PER_QUERY = 5_000

/**
 * Page views whose sending was never acknowledged and which are in the store all the same, by minute and page. The ledger does not
 * count them, and they are no error: the log had them before its answer was lost, or before their sender was killed.
 *
 * @param events where raw events are read from: rawEvents()
 */
export async function readUnknownViews(
  db: Database,
  events: string,
  ids: ReadonlySet<string>,
): Promise<LedgerWindow[]> {
  const found: LedgerWindow[] = []
  const all = [...ids]
  for (let i = 0; i < all.length; i += IDS_PER_QUERY) {
    const rows = await db.query<Omit<LedgerWindow, 'pageId'> & { page_id: string }>(
      `SELECT intDiv(toUnixTimestamp(slice), 60) * 60000 AS minute, page_id, count() AS views,
              countIf(is_bounce) AS bounces, sum(duration_ms) AS durationMs
       FROM ${events}
       WHERE event_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))
       GROUP BY minute, page_id`,
      { params: { ids: all.slice(i, i + IDS_PER_QUERY) } },
    )
    for (const { page_id: pageId, ...counts } of rows) found.push({ pageId, ...counts })
  }
  return found
}
