import type { EventId } from '../event/event-id.ts'
import type { PageViewBytes, TextBytes } from '../event/page-view-bytes.ts'
import { bytesOf, lowCardinality, type NativeColumn, nativeBlock } from './native.ts'
import { Dictionary, TextColumn } from './text-columns.ts'

const TWO_32 = 2 ** 32
const DAY_MS = 86_400_000
const FIRST_CAPACITY = 1_024

/** Raw rows are partitioned by day, and ClickHouse takes a hundred partitions in one insert. */
const MOST_DAYS = 100

/**
 * Page views as the columns of page_views_raw that the program writes; ClickHouse derives the others. Rows are only added, and
 * what is added is copied.
 */
export class PageViewBlock {
  #rows = 0
  #capacity = 0
  /** Two words each, the lower one first: a 64-bit number in the memory of a little-endian machine. */
  #times!: Uint32Array
  #offsets!: Uint32Array
  #durations!: Uint32Array
  #partitions!: Uint32Array
  #bounces!: Uint8Array
  #addresses!: Uint32Array
  #ids!: Uint32Array
  readonly #users = new TextColumn()
  readonly #pages = new LowCardinalityColumn()
  readonly #agents = new LowCardinalityColumn()
  readonly #regions = new LowCardinalityColumn()
  readonly #days = new Set<number>()
  #lastDay = Number.NaN
  #encoded: readonly Uint8Array[] | undefined

  /** @param expected how many rows it will have, about: then it need not grow again and again. None by default. */
  constructor(expected = 0) {
    this.#grow(Math.max(FIRST_CAPACITY, Math.ceil(expected * 1.05)))
  }

  get rows(): number {
    return this.#rows
  }

  /** Whether a row with this time can be among the others. Only history fills a block like that. */
  hasRoomFor(timestampMs: number): boolean {
    const day = Math.floor(timestampMs / DAY_MS)
    return day === this.#lastDay || this.#days.size < MOST_DAYS || this.#days.has(day)
  }

  add(view: PageViewBytes, { words: id }: EventId, partition: number, offset: number): void {
    if (this.#rows === this.#capacity) this.#grow(2 * this.#capacity)
    const row = this.#rows
    this.#rows += 1
    this.#encoded = undefined
    this.#noteDay(view.timestampMs)
    setInt64(this.#times, row, view.timestampMs)
    setInt64(this.#offsets, row, offset)
    this.#durations[row] = view.durationMs
    this.#partitions[row] = partition
    this.#bounces[row] = view.isBounce ? 1 : 0
    this.#users.add(view.bytes, view.userId)
    this.#pages.set(row, view, view.pageId)
    this.#agents.set(row, view, view.userAgent)
    this.#regions.set(row, view, view.region)
    const four = 4 * row
    const address = view.ipAddress
    this.#addresses[four] = address[0]!
    this.#addresses[four + 1] = address[1]!
    this.#addresses[four + 2] = address[2]!
    this.#addresses[four + 3] = address[3]!
    // A UUID is two 64-bit numbers, each with its lower word first.
    this.#ids[four] = id[1]!
    this.#ids[four + 1] = id[0]!
    this.#ids[four + 2] = id[3]!
    this.#ids[four + 3] = id[2]!
  }

  /** About how much memory it needs. */
  get bytes(): number {
    const texts = [this.#users, this.#pages, this.#agents, this.#regions]
    return texts.reduce((sum, { byteLength }) => sum + byteLength, this.#rows * BYTES_OF_NUMBERS)
  }

  /** The block in the Native format, in pieces; encoded once, however often it is sent. Nothing may be added while it is. */
  encode(): readonly Uint8Array[] {
    this.#encoded ??= nativeBlock(this.#rows, this.#columns())
    return this.#encoded
  }

  #columns(): NativeColumn[] {
    const rows = this.#rows
    const column = (name: string, type: string, ...data: Uint8Array[]): NativeColumn => ({ name, type, data })
    const numbers = (of: Uint32Array | Uint8Array, each = 1): Uint8Array =>
      bytesOf(of.subarray(0, rows * each))
    return [
      column('event_time', "DateTime64(3, 'UTC')", numbers(this.#times, 2)),
      column('page_id', 'LowCardinality(String)', ...this.#pages.data(rows)),
      column('user_id', 'String', this.#users.bytes),
      column('duration_ms', 'UInt32', numbers(this.#durations)),
      column('user_agent', 'LowCardinality(String)', ...this.#agents.data(rows)),
      column('ip_address', 'IPv6', numbers(this.#addresses, 4)),
      column('region', 'LowCardinality(String)', ...this.#regions.data(rows)),
      column('is_bounce', 'Bool', numbers(this.#bounces)),
      column('kafka_partition', 'UInt32', numbers(this.#partitions)),
      column('kafka_offset', 'UInt64', numbers(this.#offsets, 2)),
      column('event_id', 'UUID', numbers(this.#ids, 4)),
    ]
  }

  #noteDay(timestampMs: number): void {
    const day = Math.floor(timestampMs / DAY_MS)
    if (day === this.#lastDay) return
    this.#lastDay = day
    this.#days.add(day)
  }

  #grow(capacity: number): void {
    this.#capacity = capacity
    this.#times = larger(this.#times, 2 * capacity)
    this.#offsets = larger(this.#offsets, 2 * capacity)
    this.#durations = larger(this.#durations, capacity)
    this.#partitions = larger(this.#partitions, capacity)
    this.#addresses = larger(this.#addresses, 4 * capacity)
    this.#ids = larger(this.#ids, 4 * capacity)
    const bounces = new Uint8Array(capacity)
    if (this.#bounces !== undefined) bounces.set(this.#bounces)
    this.#bounces = bounces
    for (const column of [this.#pages, this.#agents, this.#regions]) column.grow(capacity)
  }
}

/** What a row has in the columns of numbers, indices of dictionaries among them. */
const BYTES_OF_NUMBERS = 2 * 8 + 2 * 4 + 1 + 2 * 16 + 3 * 4

/** The columns that a block has, in its order. */
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

/** Texts that come again and again: a dictionary, and for each row a number. */
class LowCardinalityColumn {
  readonly #dictionary = new Dictionary()
  #indices: Uint32Array = new Uint32Array(0)

  set(row: number, view: PageViewBytes, text: TextBytes): void {
    this.#indices[row] = this.#dictionary.indexOf(view, text)
  }

  get byteLength(): number {
    return this.#dictionary.byteLength
  }

  grow(capacity: number): void {
    this.#indices = larger(this.#indices, capacity)
  }

  data(rows: number): Uint8Array[] {
    return lowCardinality(this.#dictionary.column, this.#dictionary.size, this.#indices.subarray(0, rows))
  }
}

function larger(before: Uint32Array | undefined, length: number): Uint32Array {
  const after = new Uint32Array(length)
  if (before !== undefined) after.set(before)
  return after
}

/** A whole number from 0 up to 2^53. */
function setInt64(words: Uint32Array, row: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  words[2 * row] = value - high * TWO_32
  words[2 * row + 1] = high
}
