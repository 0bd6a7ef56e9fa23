import { EventId } from '../../src/event/event-id.ts'
import type { PageView } from '../../src/event/page-view.ts'
import { PageViewBytes } from '../../src/event/page-view-bytes.ts'
import { PageViewBlock } from '../../src/store/page-view-block.ts'

/** A page view with its identity and the place in the log where it was read. */
export interface PageViewRow {
  /** A UUID in its usual text form. */
  readonly eventId: string
  readonly view: PageView
  readonly partition: number
  readonly offset: number
}

/** Rows as the blocks that the store takes, each with as many as may be in one. */
export function blocksOf(rows: readonly PageViewRow[]): PageViewBlock[] {
  const blocks: PageViewBlock[] = []
  const bytes = new PageViewBytes()
  const id = new EventId()
  for (const { view, eventId, partition, offset } of rows) {
    if (!blocks.at(-1)?.hasRoomFor(view.timestampMs)) blocks.push(new PageViewBlock())
    bytes.set(view)
    id.set(eventId)
    blocks.at(-1)!.add(bytes, id, partition, offset)
  }
  return blocks
}

/** The rows of blocks, read back out of what is sent to the store. */
export function rowsOf(blocks: readonly PageViewBlock[]): PageViewRow[] {
  return blocks.flatMap((block) => (block.rows === 0 ? [] : readBlock(Buffer.concat(block.encode()))))
}

/** Reads the Native format as far as a block of page views has it. */
function readBlock(bytes: Buffer): PageViewRow[] {
  let at = 0
  const take = (length: number): Buffer => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const text = (): string => take(varint()).toString()
  const columns = varint()
  const rows = varint()
  const each = <T>(n: number, read: () => T): T[] => Array.from({ length: n }, read)
  const lowCardinality = (): string[] => {
    take(8)
    const width = 2 ** Number(take(8).readBigUInt64LE() & 0xffn)
    const entries = each(Number(take(8).readBigUInt64LE()), text)
    const count = Number(take(8).readBigUInt64LE())
    return each(count, () => entries[take(width).readUIntLE(0, width)]!)
  }
  const readers: Record<string, () => unknown[]> = {
    "DateTime64(3, 'UTC')": () => each(rows, () => Number(take(8).readBigInt64LE())),
    'LowCardinality(String)': lowCardinality,
    String: () => each(rows, text),
    UInt32: () => each(rows, () => take(4).readUInt32LE()),
    UInt64: () => each(rows, () => Number(take(8).readBigUInt64LE())),
    IPv6: () => each(rows, () => addressOf(take(16))),
    Bool: () => each(rows, () => take(1)[0] === 1),
    UUID: () => each(rows, () => uuidOf(take(16))),
  }
  const table: Record<string, unknown[]> = {}
  for (let i = 0; i < columns; i++) {
    const name = text()
    table[name] = readers[text()]!()
  }
  return each(rows, () => 0).map((_, row) => {
    const value = <T>(column: string): T => table[column]![row] as T
    return {
      eventId: value('event_id'),
      partition: value('kafka_partition'),
      offset: value('kafka_offset'),
      view: {
        pageId: value('page_id'),
        userId: value('user_id'),
        durationMs: value('duration_ms'),
        timestampMs: value('event_time'),
        userAgent: value('user_agent'),
        ipAddress: value('ip_address'),
        region: value('region'),
        isBounce: value('is_bounce'),
      },
    }
  })
}

/** IPv4 as such, others with all their groups, none as an empty text. */
function addressOf(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  if (/^0+$/.test(hex)) return ''
  if (hex.startsWith(`${'0'.repeat(20)}ffff`)) return bytes.subarray(12).join('.')
  return hex.match(/.{4}/g)!.join(':')
}

function uuidOf(bytes: Buffer): string {
  const hex = Buffer.from([...bytes.subarray(0, 8).toReversed(), ...bytes.subarray(8).toReversed()]).toString(
    'hex',
  )
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
