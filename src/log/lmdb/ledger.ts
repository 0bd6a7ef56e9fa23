import { createHash } from 'node:crypto'
import { CertainSending, NOTHING_UNKNOWN } from '../../ledger/certain.ts'
import type {
  Ledger,
  LedgerEntry,
  LedgerSnapshot,
  LedgerWindow,
  MinuteRange,
  Sendable,
  Sending,
} from '../../ledger/port.ts'
import { emptyTotals, type Totals, tally, type WindowCounts } from '../../ledger/tally.ts'
import type { Companion } from './append-queue.ts'
import { type Environment, openTable, type Table } from './environment.ts'

const TOTALS = Buffer.from('totals')

/**
 * The ledger in the environment of the embedded log: what is recorded alongside an append is in the append's transaction, so no crash
 * can part them. What the appends of one transaction record is added up and written once, at its end.
 */
export class LmdbLedger implements Ledger, Companion {
  readonly #environment: Environment
  readonly #totals: Table
  readonly #windows: Table
  readonly #once: Table
  /** Recorded by the transaction that is under way. */
  #entries: LedgerEntry[] = []

  constructor(environment: Environment, topic: string) {
    this.#environment = environment
    this.#totals = openTable(environment, `ledger:${topic}`)
    this.#windows = openTable(environment, `ledger-windows:${topic}`)
    this.#once = openTable(environment, `ledger-once:${topic}`)
  }

  begin(messages: readonly Sendable[]): Sending {
    return new CertainSending(messages, (entries) => this.record(entries))
  }

  /** Adds what is acknowledged. Called inside the transaction of the append. */
  record(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) this.#entries.push(entry)
  }

  beforeCommit(): void {
    if (this.#entries.length === 0) return
    const { totals, windows } = tally(this.#entries, this.#readTotals(), (eventId) => this.#isFirst(eventId))
    for (const window of windows) this.#add(window)
    this.#totals.putSync(TOTALS, Buffer.from(JSON.stringify(totals)))
    this.#entries = []
  }

  afterAbort(): void {
    this.#entries = []
  }

  read(range?: MinuteRange): LedgerSnapshot {
    this.#environment.resetReadTxn()
    const windows: LedgerWindow[] = []
    for (const { key, value } of this.#windows.getRange(range === undefined ? {} : keysOf(range)))
      windows.push(decodeWindow(key, value))
    return { ...this.#readTotals(), windows, unknown: NOTHING_UNKNOWN }
  }

  /** Whether the page view with this id was recorded, as 'view-once', already. */
  knows(eventId: string): boolean {
    return this.#once.get(onceKey(eventId)) !== undefined
  }

  #readTotals(): Totals {
    const found = this.#totals.get(TOTALS)
    return found ? (JSON.parse(found.toString()) as Totals) : emptyTotals()
  }

  #isFirst(eventId: string): boolean {
    const key = onceKey(eventId)
    if (this.#once.get(key)) return false
    this.#once.putSync(key, Buffer.alloc(0))
    return true
  }

  #add({ minute, pageId, views, bounces, durationMs }: WindowCounts): void {
    const key = windowKey(minute, pageId)
    const found = this.#windows.get(key)
    const value = found ? Buffer.from(found) : emptyWindow(pageId)
    value.writeDoubleLE(value.readDoubleLE(VIEWS) + views, VIEWS)
    value.writeDoubleLE(value.readDoubleLE(BOUNCES) + bounces, BOUNCES)
    value.writeDoubleLE(value.readDoubleLE(DURATION) + durationMs, DURATION)
    this.#windows.putSync(key, value)
  }
}

/** Where views, bounces and duration are, each a double; the page's name follows. */
const VIEWS = 0
const BOUNCES = 8
const DURATION = 16
const NAME = 24

function emptyWindow(pageId: string): Buffer {
  return Buffer.concat([Buffer.alloc(NAME), Buffer.from(pageId)])
}

function onceKey(eventId: string): Buffer {
  return Buffer.from(eventId.replaceAll('-', ''), 'hex')
}

/** Pages whose hash is remembered, about; a site has fewer that are looked at again and again. */
const REMEMBERED = 10_000

const hashes = new Map<string, Buffer>()

/** Minute and a hash of the page, since LMDB's keys are shorter than a page's name may be. */
function windowKey(minute: number, pageId: string): Buffer {
  const key = Buffer.allocUnsafe(24)
  key.writeBigUInt64BE(BigInt(minute), 0)
  key.set(hashOf(pageId), 8)
  return key
}

/** The same pages come in each transaction, and hashing one takes as long as counting it. */
function hashOf(pageId: string): Buffer {
  let hash = hashes.get(pageId)
  if (hash === undefined) {
    hash = createHash('sha256').update(pageId).digest().subarray(0, 16)
    if (hashes.size >= REMEMBERED) hashes.clear()
    hashes.set(pageId, hash)
  }
  return hash
}

/** Keys begin with the minute, highest byte first: a range of minutes is a range of keys. */
function keysOf({ fromMs, untilMs }: MinuteRange): { start: Buffer; end?: Buffer } {
  const start = minuteKey(fromMs)
  return untilMs < Number.MAX_SAFE_INTEGER ? { start, end: minuteKey(untilMs) } : { start }
}

function minuteKey(minuteMs: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  key.writeBigUInt64BE(BigInt(Math.max(0, minuteMs)))
  return key
}

function decodeWindow(key: Buffer, value: Buffer): LedgerWindow {
  return {
    minute: Number(key.readBigUInt64BE(0)),
    pageId: value.toString('utf8', NAME),
    views: value.readDoubleLE(VIEWS),
    bounces: value.readDoubleLE(BOUNCES),
    durationMs: value.readDoubleLE(DURATION),
  }
}
