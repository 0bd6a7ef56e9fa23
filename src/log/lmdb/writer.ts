import { MillraceError } from '../../errors.ts'
import { checkRecord } from '../limits.ts'
import type { LogWriter, OutgoingRecord, Position } from '../port.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Topic } from './topic.ts'

/** Appends to a topic. All writers of a process share transactions. */
export class LmdbWriter implements LogWriter {
  readonly #topic: Topic
  readonly #commits: GroupCommit
  readonly #now: () => number
  readonly #onClose: () => void
  #closed = false

  constructor(topic: Topic, commits: GroupCommit, now: () => number, onClose: () => void) {
    this.#topic = topic
    this.#commits = commits
    this.#now = now
    this.#onClose = onClose
  }

  async append(records: readonly OutgoingRecord[], alongside?: () => void): Promise<Position[]> {
    if (this.#closed) throw new MillraceError('log_refused', 'the writer is closed')
    for (const record of records) checkRecord(record, this.#topic.partitions)
    return this.#commits.run(() => {
      const positions = this.#topic.append(records, this.#now())
      alongside?.()
      return positions
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#commits.idle()
    this.#onClose()
  }
}
