import type { LedgerEntry } from '../ledger/port.ts'
import type { OutgoingRecord } from '../log/port.ts'

/** A message on its way into the log: the record, and what the ledger is to say of it once it is acknowledged. */
export interface Outgoing {
  readonly record: OutgoingRecord
  readonly entry: LedgerEntry
}
