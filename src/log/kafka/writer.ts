import { MillraceError } from '../../errors.ts'
import { checkRecord } from '../limits.ts'
import type { Bookkeeping, LogWriter, OutgoingRecord } from '../port.ts'
import type { KafkaSender } from './sender.ts'
import type { KafkaTopic } from './topic.ts'

export class KafkaWriter implements LogWriter {
  readonly #sender: KafkaSender
  readonly #topic: KafkaTopic
  readonly #onClose: () => void
  #closed = false

  constructor(sender: KafkaSender, topic: KafkaTopic, onClose: () => void) {
    this.#sender = sender
    this.#topic = topic
    this.#onClose = onClose
  }

  async append(records: readonly OutgoingRecord[], alongside?: Bookkeeping): Promise<void> {
    if (this.#closed) throw new MillraceError('log_refused', 'the writer is closed')
    for (const record of records) checkRecord(record, this.#topic.partitions)
    if (records.length > 0) await this.#sender.send(records, () => alongside?.unanswered())
    alongside?.acknowledged()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#sender.idle()
    this.#onClose()
  }
}
