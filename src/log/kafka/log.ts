import type { ConnectionPool } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import type { EventLog, FetchLimit, LogReader, LogWriter, PartitionBounds, Position } from '../port.ts'
import type { RecordBatch } from '../record-batch.ts'
import { openConnections } from './connections.ts'
import { Fetcher } from './fetcher.ts'
import type { KafkaLogOptions } from './options.ts'
import { type Ahead, ReadAhead } from './read-ahead.ts'
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
  readonly #readAhead = new ReadAhead()
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
    for (let from = offset; ; ) {
      // Who wants one record asks what is there now, and so hears of a topic that was made again; who wants many reads on.
      const known = limit.maxRecords === 1 ? undefined : this.#readAhead.from(this.#topic.id, partition, from)
      const ahead = known ?? (await this.#fetch(partition, from, limit))
      if (ahead === null) return null
      const { chunk, end } = ahead
      const batch = chunk.take(limit.maxRecords, limit.maxBytes)
      if (batch) return batch
      // Only records of aborted transactions: there may be others behind them.
      if (chunk.next >= end || chunk.next <= from) return null
      from = chunk.next
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

  /** Asks for records from an offset on, or from the earliest that exists, where that is later. @returns null at the end */
  async #fetch(partition: number, offset: number, { maxBytes }: FetchLimit): Promise<Ahead | null> {
    const fetcher = new Fetcher(this.#topic, this.#connections)
    for (let from = offset; ; ) {
      const leader = this.#topic.leaderOf(partition)
      if (!leader) {
        await this.#topic.refresh()
        throw new MillraceError('log_unavailable', `Kafka: partition ${partition} has no leader now`)
      }
      const topicId = this.#topic.id
      const [answer] = await fetcher
        .fetch(leader, [{ partition, offset: from }], { maxWaitMs: 0, maxBytes })
        .catch((error: unknown) => this.#refreshed(error))
      if (!answer) return null
      if (answer.kind === 'stale') return this.#refreshed(answer.error)
      if (answer.kind === 'chunk') return this.#readAhead.keep(topicId, answer)
      const [bounds] = await this.#topic.bounds([partition])
      if (from >= bounds!.earliest) return null
      from = bounds!.earliest
    }
  }

  /** Whoever tries again should ask the leader of that time. */
  async #refreshed(error: unknown): Promise<never> {
    await this.#topic.refresh()
    throw error
  }
}
