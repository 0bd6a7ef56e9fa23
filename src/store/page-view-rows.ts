import { ipv6Bytes } from './ip-address.ts'
import type { PageViewRow } from './port.ts'
import { RowBinaryWriter } from './row-binary.ts'

/** The columns of page_views_raw that the program writes; ClickHouse derives the others. */
export const PAGE_VIEW_COLUMNS = [
  'event_time',
  'page_id',
  'user_id',
  'duration_ms',
  'user_agent',
  'ip_address',
  'region',
  'is_bounce',
  'kafka_partition',
  'kafka_offset',
  'event_id',
] as const

/** Page views as RowBinary, in the order of PAGE_VIEW_COLUMNS. */
export function encodePageViews(rows: readonly PageViewRow[]): Buffer {
  const writer = new RowBinaryWriter(rows.length * 256)
  for (const { view, eventId, partition, offset } of rows) {
    writer.int64(view.timestampMs)
    writer.string(view.pageId)
    writer.string(view.userId)
    writer.uint32(view.durationMs)
    writer.string(view.userAgent)
    writer.fixed(ipv6Bytes(view.ipAddress))
    writer.string(view.region)
    writer.uint8(view.isBounce ? 1 : 0)
    writer.uint32(partition)
    writer.int64(offset)
    writer.uuid(eventId)
  }
  return writer.bytes
}

const DAY_MS = 86_400_000

/**
 * Splits rows so that none of the parts touches more days than ClickHouse takes in one insert: raw rows are partitioned
 * by day. Only history does: rows of one or of a few days stay one part, in their order.
 */
export function splitByDays(rows: readonly PageViewRow[], maxDays = 100): PageViewRow[][] {
  const parts: PageViewRow[][] = []
  const partOf = new Map<number, PageViewRow[]>()
  for (const row of rows) {
    const day = Math.floor(row.view.timestampMs / DAY_MS)
    let part = partOf.get(day)
    if (part === undefined) {
      if (partOf.size % maxDays === 0) parts.push([])
      part = parts.at(-1)!
      partOf.set(day, part)
    }
    part.push(row)
  }
  return parts
}
