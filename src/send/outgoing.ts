import type { LedgerEntry } from '../ledger/port.ts'
import type { OutgoingRecord } from '../log/port.ts'

/** A message on its way into the log: a record, with what the ledger is to say of it once it is acknowledged. */
export interface Outgoing extends OutgoingRecord {
  readonly entry: LedgerEntry
}
