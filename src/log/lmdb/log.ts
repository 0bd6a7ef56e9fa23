import type { EventLog, FetchLimit, LogReader, LogWriter, PartitionBounds, Position } from '../port.ts'
import type { RecordBatch } from '../record-batch.ts'
import { AppendQueue, type Companion } from './append-queue.ts'
import { Doorbell, DoorbellListener } from './doorbell.ts'
import { closeEnvironment, type Environment, logError } from './environment.ts'
import type { Positions } from './positions.ts'
import { LmdbReader } from './reader.ts'
import { type Retention, RetentionTimer } from './retention.ts'
import type { Topic } from './topic.ts'
import { LmdbWriter } from './writer.ts'

export interface LmdbLogParts {
  /** Closed with the log, the first one opened last. */
  readonly environments: readonly Environment[]
  /** Where the doorbell hangs. */
  readonly directory: string
  readonly topic: Topic
  readonly positions: Positions
  readonly companion: Companion
  readonly retention: Retention | undefined
  readonly now: () => number
}

/** The event log in a data directory. Several processes may have it open. What is promised stands at the port. */
export class LmdbLog implements EventLog {
  readonly #parts: LmdbLogParts
  readonly #doorbell: Doorbell
  readonly #appends: AppendQueue
  readonly #open = new Set<LogWriter | LogReader>()
  #retention: RetentionTimer | undefined
  #closed: Promise<void> | undefined

  constructor(parts: LmdbLogParts) {
    this.#parts = parts
    this.#doorbell = new Doorbell(parts.directory)
    this.#appends = new AppendQueue({
      ...parts,
      environment: parts.environments[0]!,
      committed: () => this.#doorbell.ring(),
    })
  }

  get topic(): string {
    return this.#parts.topic.name
  }

  get partitions(): number {
    return this.#parts.topic.partitions
  }

  async writer(): Promise<LogWriter> {
    const { environments, topic, retention, now } = this.#parts
    if (retention) this.#retention ??= new RetentionTimer(environments[0]!, topic, retention, now)
    const writer = new LmdbWriter(topic.partitions, this.#appends, () => this.#open.delete(writer))
    this.#open.add(writer)
    return writer
  }

  async reader(group: string): Promise<LogReader> {
    const { topic, positions, directory } = this.#parts
    positions.acquire(group)
    const reader = new LmdbReader(
      { topic, positions, group, directory },
      new DoorbellListener(directory),
      () => {
        this.#open.delete(reader)
      },
    )
    this.#open.add(reader)
    return reader
  }

  async bounds(): Promise<PartitionBounds[]> {
    return this.#reading(() => this.#parts.topic.bounds())
  }

  async committed(group: string): Promise<Position[]> {
    const { positions } = this.#parts
    return this.#reading(() =>
      Array.from({ length: this.partitions }, (_, partition) => positions.committed(group, partition))
        .filter((position) => position?.ofThisLog)
        .map((position) => ({ partition: position!.partition, offset: position!.offset })),
    )
  }

  async read(partition: number, offset: number, limit: FetchLimit): Promise<RecordBatch | null> {
    return this.#reading(() => this.#parts.topic.read(partition, offset, limit))
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const open of [...this.#open]) await open.close()
    await this.#retention?.stop()
    await this.#appends.idle()
    this.#doorbell.close()
    for (const environment of this.#parts.environments) await closeEnvironment(environment)
  }

  #reading<T>(read: () => T): T {
    try {
      this.#parts.topic.refresh()
      return read()
    } catch (error) {
      throw logError(error, 'reading', this.#parts.directory)
    }
  }
}
