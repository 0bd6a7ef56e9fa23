import { MillraceError } from '../../errors.ts'
import { checkRecord } from '../limits.ts'
import type { Bookkeeping, LogWriter, OutgoingRecord } from '../port.ts'
import type { AppendQueue } from './append-queue.ts'

/** Appends to a topic. All writers of a process share transactions. */
export class LmdbWriter implements LogWriter {
  readonly #partitions: number
  readonly #appends: AppendQueue
  readonly #onClose: () => void
  #closed = false

  constructor(partitions: number, appends: AppendQueue, onClose: () => void) {
    this.#partitions = partitions
    this.#appends = appends
    this.#onClose = onClose
  }

  async append(records: readonly OutgoingRecord[], alongside?: Bookkeeping): Promise<void> {
    if (this.#closed) throw new MillraceError('log_refused', 'the writer is closed')
    for (const record of records) checkRecord(record, this.#partitions)
    await this.#appends.append(records, alongside)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#appends.idle()
    this.#onClose()
  }
}
