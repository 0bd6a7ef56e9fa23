import type { LedgerEntry } from '../ledger/port.ts'
import type { OutgoingRecord } from '../log/port.ts'
import type { Original } from './original.ts'

/** A message on its way into the log: a record, with what the ledger is to say of it once it is acknowledged. */
export interface Outgoing extends OutgoingRecord {
  readonly entry: LedgerEntry
  /** Of a page view that may be repeated, and of each of its repeats, the same one. */
  readonly original?: Original | undefined
}
