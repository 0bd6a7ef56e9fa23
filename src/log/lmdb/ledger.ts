import { createHash } from 'node:crypto'
import { addDoubts, type DoubtTotals, noDoubts } from '../../ledger/doubts.ts'
import type {
  DoubtedEntry,
  DoubtedView,
  Doubts,
  Ledger,
  LedgerEntry,
  LedgerSnapshot,
  LedgerWindow,
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
  readonly #doubts: Table
  /** Recorded by the transaction that is under way. */
  #entries: LedgerEntry[] = []

  constructor(environment: Environment, topic: string) {
    this.#environment = environment
    this.#totals = openTable(environment, `ledger:${topic}`)
    this.#windows = openTable(environment, `ledger-windows:${topic}`)
    this.#once = openTable(environment, `ledger-once:${topic}`)
    this.#doubts = openTable(environment, `ledger-doubts:${topic}`)
  }

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

  read(): LedgerSnapshot {
    this.#environment.resetReadTxn()
    const windows: LedgerWindow[] = []
    for (const { key, value } of this.#windows.getRange({})) windows.push(decodeWindow(key, value))
    return { ...this.#readTotals(), windows }
  }

  doubt(entries: readonly DoubtedEntry[]): void {
    this.#environment.transactionSync(() => {
      const { totals, views } = addDoubts(entries, this.#readDoubts())
      this.#doubts.putSync(TOTALS, Buffer.from(JSON.stringify(totals)))
      for (const view of views) {
        const key = idKey(view.eventId)
        if (!this.#once.get(key)) this.#doubts.putSync(key, Buffer.from(JSON.stringify(view)))
      }
    })
  }

  doubts(): Doubts {
    this.#environment.resetReadTxn()
    const views: DoubtedView[] = []
    for (const { key, value } of this.#doubts.getRange({})) {
      if (key.length === ID_BYTES) views.push(JSON.parse(value.toString()) as DoubtedView)
    }
    return { ...this.#readDoubts(), views }
  }

  #readDoubts(): DoubtTotals {
    const found = this.#doubts.get(TOTALS)
    return found ? (JSON.parse(found.toString()) as DoubtTotals) : noDoubts()
  }

  #readTotals(): Totals {
    const found = this.#totals.get(TOTALS)
    return found ? (JSON.parse(found.toString()) as Totals) : emptyTotals()
  }

  #isFirst(eventId: string): boolean {
    const key = idKey(eventId)
    if (this.#once.get(key)) return false
    this.#once.putSync(key, Buffer.alloc(0))
    this.#doubts.removeSync(key)
    return true
  }

  #add({ minute, pageId, views, bounces, durationMs }: WindowCounts): void {
    const key = windowKey(minute, pageId)
    const found = this.#windows.get(key)
    const before = found ? decodeWindow(key, found) : { views: 0, bounces: 0, durationMs: 0 }
    const value = Buffer.allocUnsafe(COUNTS)
    value.writeDoubleLE(before.views + views, 0)
    value.writeDoubleLE(before.bounces + bounces, 8)
    value.writeDoubleLE(before.durationMs + durationMs, 16)
    this.#windows.putSync(key, Buffer.concat([value, Buffer.from(pageId)]))
  }
}

const ID_BYTES = 16

function idKey(eventId: string): Buffer {
  return Buffer.from(eventId.replaceAll('-', ''), 'hex')
}

/** Views, bounces and duration, each as a double; the page's name follows. */
const COUNTS = 24

/** Minute and a hash of the page, since LMDB's keys are shorter than a page's name may be. */
function windowKey(minute: number, pageId: string): Buffer {
  const key = Buffer.allocUnsafe(24)
  key.writeBigUInt64BE(BigInt(minute), 0)
  createHash('sha256').update(pageId).digest().copy(key, 8, 0, 16)
  return key
}

function decodeWindow(key: Buffer, value: Buffer): LedgerWindow {
  return {
    minute: Number(key.readBigUInt64BE(0)),
    pageId: value.toString('utf8', COUNTS),
    views: value.readDoubleLE(0),
    bounces: value.readDoubleLE(8),
    durationMs: value.readDoubleLE(16),
  }
}
