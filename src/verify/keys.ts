import type { Database } from '../store/database.ts'
import { AUDIT_SETTINGS, KEYS_AT_ONCE } from './limits.ts'
import type { TimeRange } from './range.ts'
import type { Conflict } from './report.ts'

const CONFLICTS_NAMED = 20

export interface Keys {
  /** Rows after merging equal ones. */
  readonly rows: number
  /** Distinct events. */
  readonly unique: number
  /** Keys with more than one payload. */
  readonly conflicts: number
  readonly named: readonly Conflict[]
}

/**
 * Counts distinct keys, and those with several payloads, in a range. A repeat may be at any distance in time, so all keys of the range
 * are compared with each other; in pieces by hash, so that memory does not grow with their number.
 */
export async function countKeys(
  db: Database,
  { fromMs, untilMs }: TimeRange,
  progress: (done: number, of: number) => void,
): Promise<Keys> {
  const where = `slice >= ${fromMs / 1_000} AND slice < ${untilMs / 1_000}`
  const settings = AUDIT_SETTINGS
  const [all] = await db.query<{ rows: number }>(
    `SELECT count() AS rows FROM page_views_raw WHERE ${where}`,
    { settings },
  )
  const pieces = Math.max(1, Math.ceil((all?.rows ?? 0) / KEYS_AT_ONCE))
  let unique = 0
  let conflicts = 0
  const ids: string[] = []
  for (let piece = 0; piece < pieces; piece++) {
    progress(piece, pieces)
    const [row] = await db.query<{ unique: number; conflicts: number; ids: string[] }>(
      `SELECT count() AS unique, countIf(low != high) AS conflicts,
              groupArrayIf(${CONFLICTS_NAMED})(toString(event_id), low != high) AS ids
       FROM (SELECT event_id, min(payload_hash) AS low, max(payload_hash) AS high FROM page_views_raw
             WHERE ${where}${pieces === 1 ? '' : ` AND cityHash64(event_id) % ${pieces} = ${piece}`} GROUP BY event_id)`,
      { settings },
    )
    unique += row?.unique ?? 0
    conflicts += row?.conflicts ?? 0
    ids.push(...(row?.ids ?? []))
  }
  if (conflicts === 0) return { rows: unique, unique, conflicts, named: [] }
  const [merged] = await db.query<{ rows: number }>(
    `SELECT count() AS rows FROM page_views_raw FINAL WHERE ${where}`,
    { settings },
  )
  return {
    rows: merged?.rows ?? 0,
    unique,
    conflicts,
    named: await nameConflicts(db, where, ids.slice(0, CONFLICTS_NAMED)),
  }
}

async function nameConflicts(db: Database, where: string, ids: readonly string[]): Promise<Conflict[]> {
  const rows = await db.query<{ id: string; payloads: number; at: [number, number, string][] }>(
    `SELECT toString(event_id) AS id, uniqExact(payload_hash) AS payloads,
            groupArray(5)((kafka_partition, kafka_offset, toString(page_id))) AS at
     FROM (SELECT event_id, payload_hash, kafka_partition, kafka_offset, page_id FROM page_views_raw FINAL WHERE ${where} AND event_id IN (SELECT toUUID(arrayJoin({ids:Array(String)}))) ORDER BY kafka_partition, kafka_offset)
     GROUP BY id ORDER BY id`,
    { params: { ids }, settings: AUDIT_SETTINGS },
  )
  return rows.map(({ id, payloads, at }) => ({
    event_id: id,
    payloads,
    at: at.map(([partition, offset, page_id]) => ({ partition, offset, page_id })),
  }))
}
