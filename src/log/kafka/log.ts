import type { ConnectionPool } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import type { EventLog, FetchLimit, LogReader, LogWriter, PartitionBounds, Position } from '../port.ts'
import type { RecordBatch } from '../record-batch.ts'
import { openConnections } from './connections.ts'
import { Fetcher } from './fetcher.ts'
import type { KafkaLogOptions } from './options.ts'
import { KafkaReader } from './reader.ts'
import { KafkaSender } from './sender.ts'
import type { KafkaTopic } from './topic.ts'
import { KafkaWriter } from './writer.ts'

/** A topic of a Kafka cluster as the event log. What is promised stands at the port. */
export class KafkaLog implements EventLog {
  readonly #topic: KafkaTopic
  readonly #options: KafkaLogOptions
  readonly #sender: KafkaSender
  readonly #connections: ConnectionPool
  readonly #open = new Set<LogWriter | LogReader>()
  #begun: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(topic: KafkaTopic, options: KafkaLogOptions) {
    this.#topic = topic
    this.#options = options
    this.#sender = new KafkaSender(topic, options)
    this.#connections = openConnections(options)
  }

  get topic(): string {
    return this.#topic.name
  }

  get partitions(): number {
    return this.#topic.partitions
  }

  async writer(): Promise<LogWriter> {
    const writer = new KafkaWriter(this.#sender, this.#topic, () => this.#open.delete(writer))
    this.#open.add(writer)
    this.#begun ??= this.#sender.begin()
    await this.#begun
    return writer
  }

  async reader(group: string): Promise<LogReader> {
    const parts = {
      topic: this.#topic,
      options: this.#options,
      group,
      connections: openConnections(this.#options),
    }
    const reader = new KafkaReader(parts, () => this.#open.delete(reader))
    this.#open.add(reader)
    try {
      await reader.join()
    } catch (error) {
      await reader.close()
      throw error
    }
    return reader
  }

  bounds(): Promise<PartitionBounds[]> {
    return this.#topic.bounds()
  }

  committed(group: string): Promise<Position[]> {
    return this.#topic.committed(group)
  }

  async read(partition: number, offset: number, limit: FetchLimit): Promise<RecordBatch | null> {
    const fetcher = new Fetcher(this.#topic, this.#connections)
    for (let from = offset; ; ) {
      const leader = this.#topic.leaderOf(partition)
      if (!leader) {
        await this.#topic.refresh()
        throw new MillraceError('log_unavailable', `Kafka: partition ${partition} has no leader now`)
      }
      const [answer] = await fetcher
        .fetch(leader, [{ partition, offset: from }], { maxWaitMs: 0, maxBytes: limit.maxBytes })
        .catch((error: unknown) => this.#refreshed(error))
      if (!answer) return null
      if (answer.kind === 'stale') return this.#refreshed(answer.error)
      if (answer.kind === 'out-of-range') {
        const [bounds] = await this.#topic.bounds([partition])
        if (from >= bounds!.earliest) return null
        from = bounds!.earliest
        continue
      }
      const batch = answer.chunk.take(limit.maxRecords, limit.maxBytes)
      if (batch) return batch
      // Only records of aborted transactions: there may be others behind them.
      if (answer.chunk.next >= answer.end || answer.chunk.next === from) return null
      from = answer.chunk.next
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const open of [...this.#open]) await open.close()
    await this.#sender.close()
    await this.#connections.close()
    await this.#topic.close()
  }

  /** Whoever tries again should ask the leader of that time. */
  async #refreshed(error: unknown): Promise<never> {
    await this.#topic.refresh()
    throw error
  }
}
