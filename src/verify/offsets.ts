import { eventIdOf } from '../event/identity.ts'
import type { EventLog } from '../log/port.ts'
import { keyAt, nextOffset, type RecordBatch, valueAt } from '../log/record-batch.ts'
import type { Database } from '../store/database.ts'
import type { Cut } from './cut.ts'
import { AUDIT_SETTINGS } from './limits.ts'
import { ALL_TIME, type TimeRange } from './range.ts'
import type { Differences, OffsetTotals, Unchecked } from './report.ts'

/** Offsets that are asked for at once. A bitmap has a bit for each of them. */
const OFFSETS_AT_ONCE = 2_097_152
const BLOCK = 65_536
/** Messages that are looked for in raw at once. */
const IDS_AT_ONCE = 50_000
const SLICE_SECONDS = 5
const READING = { maxRecords: 10_000, maxBytes: 16_000_000 }
/** A hole of so many offsets between two that are looked for is jumped over, and a smaller one read. */
const JUMP = 2_000

export interface OffsetsAudit {
  readonly db: Database
  readonly log: EventLog
  /** What the consumer had committed before raw was read. */
  readonly cut: Cut
  /** Times of events that are asked about. */
  readonly range: TimeRange
  /** Events before this moment may have expired from raw, and errors that were written before it. */
  readonly keptFromMs: number
  /** Whether raw may lack the events of a time because of a gap in its retention. */
  readonly mayBeGone: (timestampMs: number) => boolean
  readonly differences: Differences
  readonly unchecked: Unchecked[]
  readonly progress: (done: number, of: number) => void
}

interface Missing {
  readonly offset: number
  readonly id: string
  /** When it was appended. */
  readonly appendedMs: number
  /** The time of the event in it; NaN when it tells none. */
  readonly eventMs: number
}

/**
 * Looks for every message that the consumer has passed: it is in raw or in processing_errors under its own offset; or its event is in
 * raw by another message, which makes it a repeat. Raw keeps one offset of each event, so the log is read again for those that are in
 * neither table, and only for those. What the log has no more cannot be told from a repeat.
 */
export async function compareOffsets(audit: OffsetsAudit): Promise<OffsetTotals> {
  const totals = { checked: 0, stored: 0, repeats: 0, marks: 0, expired: 0, missing: 0 }
  const bounds = await audit.log.bounds()
  const committed = new Map(audit.cut.committed.map(({ partition, offset }) => [partition, offset]))
  const spans = bounds.map(({ partition, earliest, end }) => ({
    partition,
    earliest,
    until: Math.min(end, committed.get(partition) ?? 0),
  }))
  const all = spans.reduce((sum, { earliest, until }) => sum + Math.max(0, until - earliest), 0)
  for (const { partition, earliest, until } of spans) {
    if (earliest > 0) {
      audit.unchecked.push({
        what: 'offsets_gone',
        where: `partition ${partition}, offsets 0 to ${earliest - 1}`,
        why: 'the log has these messages no more, so those that are not stored cannot be told from repeats',
      })
    }
    for (let from = earliest; from < until; from += OFFSETS_AT_ONCE) {
      const to = Math.min(until, from + OFFSETS_AT_ONCE)
      audit.progress(totals.checked, all)
      const absent = await absentOffsets(audit.db, audit.log.topic, partition, from, to)
      totals.checked += to - from
      totals.stored += to - from - absent.length
      await judge(audit, partition, absent, totals)
    }
  }
  return totals
}

/** Offsets from `from` up to `to` that neither table has. ClickHouse makes a bitmap of each block, and tells the bits that are not set. */
async function absentOffsets(
  db: Database,
  topic: string,
  partition: number,
  from: number,
  to: number,
): Promise<number[]> {
  const where =
    'kafka_partition = {partition:UInt32} AND kafka_offset >= {from:UInt64} AND kafka_offset < {to:UInt64}'
  const rows = await db.query<{ block: number; absent: number[] }>(
    `SELECT block, bitmapToArray(bitmapAndnot(bitmapBuild(range(toUInt32(${BLOCK}))), present)) AS absent FROM (
       SELECT intDiv(kafka_offset, ${BLOCK}) AS block, groupBitmapState(toUInt32(kafka_offset % ${BLOCK})) AS present
       FROM (SELECT kafka_offset FROM page_views_raw WHERE ${where}
             UNION ALL
             SELECT kafka_offset FROM processing_errors WHERE topic = {topic:String} AND ${where})
       GROUP BY block)
     ORDER BY block`,
    { params: { topic, partition, from, to }, settings: AUDIT_SETTINGS },
  )
  const found = new Map(rows.map(({ block, absent }) => [block, absent]))
  const offsets: number[] = []
  for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block++) {
    const first = block * BLOCK
    const absent = found.get(block)
    for (let n = 0; n < (absent?.length ?? BLOCK); n++) {
      const offset = first + (absent ? absent[n]! : n)
      if (offset >= from && offset < to) offsets.push(offset)
    }
  }
  return offsets
}

async function judge(
  audit: OffsetsAudit,
  partition: number,
  absent: readonly number[],
  totals: { -readonly [K in keyof OffsetTotals]: OffsetTotals[K] },
): Promise<void> {
  let gathered: Missing[] = []
  let messages = 0
  let run: { from: number; until: number } | undefined
  const tell = (): void => {
    if (run) addDifference(audit.differences, partition, run.from, run.until)
    run = undefined
  }
  const settle = async (): Promise<void> => {
    const known = await knownIds(audit.db, gathered)
    for (const message of gathered) {
      if (known.has(message.id)) totals.repeats++
      else if (mayHaveExpired(audit, message)) totals.expired++
      else if (isOutside(audit.range, message)) totals.stored++
      else {
        totals.missing++
        if (run && run.until === message.offset) run.until = message.offset + 1
        else {
          tell()
          run = { from: message.offset, until: message.offset + 1 }
        }
      }
    }
    gathered = []
  }
  for await (const message of readAgain(audit.log, partition, absent)) {
    messages++
    gathered.push(message)
    if (gathered.length >= IDS_AT_ONCE) await settle()
  }
  await settle()
  tell()
  totals.marks += absent.length - messages
}

async function* readAgain(
  log: EventLog,
  partition: number,
  offsets: readonly number[],
): AsyncGenerator<Missing> {
  let i = 0
  let at = offsets[0] ?? 0
  while (i < offsets.length) {
    const wanted = offsets[i]!
    if (wanted > at + JUMP) at = wanted
    const near = offsets[Math.min(offsets.length - 1, i + READING.maxRecords)]!
    const maxRecords = Math.min(READING.maxRecords, Math.max(1, near - at + 1))
    const batch = await log.read(partition, at, { ...READING, maxRecords })
    if (batch === null) return
    for (let r = 0; r < batch.length && i < offsets.length; r++) {
      // Offsets without a record are no messages: a transaction's marks, or a record that was compacted away.
      while (i < offsets.length && offsets[i]! < batch.offsets[r]!) i++
      if (offsets[i] !== batch.offsets[r]) continue
      yield messageAt(log.topic, batch, r)
      i++
    }
    at = nextOffset(batch)
    while (i < offsets.length && offsets[i]! < at) i++
  }
}

function messageAt(topic: string, batch: RecordBatch, r: number): Missing {
  const offset = batch.offsets[r]!
  return {
    offset,
    id: eventIdOf(keyAt(batch, r), topic, batch.partition, offset),
    appendedMs: batch.timestamps[r]!,
    eventMs: eventTime(valueAt(batch, r)),
  }
}

function eventTime(value: Buffer | null): number {
  try {
    return Date.parse(JSON.parse(value?.toString('utf8') ?? '').timestamp)
  } catch {
    return Number.NaN
  }
}

/**
 * A repeat has the payload of the event that it repeats, and so its time: raw is asked for that time first, which is a small part of it.
 * What is not there is asked for everywhere, since another payload may have another time.
 */
async function knownIds(db: Database, messages: readonly Missing[]): Promise<Set<string>> {
  const times = messages.map(({ eventMs }) => eventMs).filter((ms) => ms >= 0 && ms < ALL_TIME.untilMs)
  const known = new Set<string>()
  if (times.length > 0) {
    const first = Math.floor(times.reduce((a, b) => Math.min(a, b)) / 1_000) - SLICE_SECONDS
    const last = Math.ceil(times.reduce((a, b) => Math.max(a, b)) / 1_000)
    await addKnown(db, messages, `slice >= ${Math.max(0, first)} AND slice <= ${last}`, known)
  }
  await addKnown(db, messages, '1', known)
  return known
}

async function addKnown(
  db: Database,
  messages: readonly Missing[],
  where: string,
  known: Set<string>,
): Promise<void> {
  const ids = new Set(messages.map(({ id }) => id).filter((id) => !known.has(id)))
  if (ids.size === 0) return
  // Written out, since a parameter would make an address that is too long.
  const rows = await db.query<{ id: string }>(
    `SELECT DISTINCT toString(event_id) AS id FROM page_views_raw
     WHERE ${where} AND event_id IN ('${[...ids].join("', '")}')`,
    { settings: { ...AUDIT_SETTINGS, max_query_size: '16000000' } },
  )
  for (const { id } of rows) known.add(id)
}

/** Its row was there and may have gone: by the time of its event, or as an error by the time it was written. */
function mayHaveExpired({ keptFromMs, mayBeGone }: OffsetsAudit, { appendedMs, eventMs }: Missing): boolean {
  if (appendedMs < keptFromMs) return true
  return !Number.isNaN(eventMs) && (eventMs < keptFromMs || mayBeGone(eventMs))
}

function isOutside({ fromMs, untilMs }: TimeRange, { appendedMs, eventMs }: Missing): boolean {
  const time = Number.isNaN(eventMs) ? appendedMs : eventMs
  return time < fromMs || time >= untilMs
}

function addDifference(differences: Differences, partition: number, from: number, until: number): void {
  const n = until - from
  differences.add({
    check: 'offsets',
    where:
      n === 1
        ? `partition ${partition}, offset ${from}`
        : `partition ${partition}, offsets ${from} to ${until - 1}`,
    expected: `${n} in raw, in processing_errors, or repeating an event of raw`,
    found: `${n} in none of them`,
    cause: 'offsets_missing',
    offsets: { partition, from, until },
  })
}
