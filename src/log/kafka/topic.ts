import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, type Broker, ListOffsetTimestamps } from '@platformatic/kafka'
import { MillraceError } from '../../errors.ts'
import { LIMITS } from '../../event/page-view.ts'
import type { PartitionBounds, Position } from '../port.ts'
import { guardConnections } from './connections.ts'
import { isKafkaError, isRefusal, isUnknownTopic, kafkaError } from './errors.ts'
import { clientOptions, type KafkaLogOptions } from './options.ts'
import { mayBeOf } from './position-consumer.ts'

/**
 * How often to look for a topic that was just made, and the pause between, in milliseconds: the brokers hear of it, and that
 * they lead its partitions, a moment later.
 */
const LOOKS = 100
const LOOK_PAUSE_MS = 100

const READ_COMMITTED = 1

/** What the brokers say of a topic: its partitions, who leads them, and how far they go. */
export class KafkaTopic {
  readonly name: string
  readonly #options: KafkaLogOptions
  readonly #admin: Admin
  readonly #lastFailure: () => unknown
  #id = ''
  #leaders: (Broker | undefined)[] = []
  readonly #knownEnds = new Map<string, number>()

  private constructor(options: KafkaLogOptions) {
    this.name = options.topic
    this.#options = options
    this.#admin = new Admin(clientOptions(options))
    this.#lastFailure = guardConnections(this.#admin.connections)
  }

  /**
   * Finds the topic; makes it when it is missing and that is allowed.
   *
   * @throws MillraceError `log_unavailable` when no broker answers, `log_refused` when they refuse, or the topic is missing
   */
  static async open(options: KafkaLogOptions): Promise<KafkaTopic> {
    const topic = new KafkaTopic(options)
    try {
      if (!(await topic.#find())) await topic.#create()
    } catch (error) {
      await topic.close()
      const reason = isRefusal(topic.#lastFailure()) ? topic.#lastFailure() : error
      throw kafkaError(reason, `opening the topic ${topic.name} at ${options.brokers.join(',')}`)
    }
    return topic
  }

  /** Another one, when the topic was removed and made again. */
  get id(): string {
    return this.#id
  }

  get partitions(): number {
    return this.#leaders.length
  }

  /** The broker to ask about a partition; undefined when it has none now, or is not known. */
  leaderOf(partition: number): Broker | undefined {
    return this.#leaders[partition]
  }

  /** Where a partition of a topic, by its id, ended when somebody asked last; 0 when nobody did. */
  knownEnd(id: string, partition: number): number {
    return this.#knownEnds.get(`${id} ${partition}`) ?? 0
  }

  /** Asks for the leaders again. */
  async refresh(): Promise<void> {
    if (await this.#asking('asking for the partitions', () => this.#find())) return
    throw new MillraceError('log_unavailable', `Kafka: the topic ${this.name} is not there`)
  }

  /** Asked of partitions that are given, or of all. */
  async bounds(partitions = this.#all()): Promise<PartitionBounds[]> {
    const at = async (timestamp: bigint): Promise<Map<number, number>> => {
      const topics = await this.#admin.listOffsets({
        topics: [
          {
            name: this.name,
            partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
          },
        ],
        isolationLevel: READ_COMMITTED,
      })
      const found = topics.flatMap((topic) => topic.partitions)
      return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
    }
    const id = this.#id
    return this.#asking('asking for the offsets', async () => {
      // The earliest first: a record that comes between the questions must not make the end lie before it.
      const earliest = await at(ListOffsetTimestamps.EARLIEST)
      const end = await at(ListOffsetTimestamps.LATEST)
      for (const [partition, offset] of end) {
        this.#knownEnds.set(`${id} ${partition}`, Math.max(offset, this.knownEnd(id, partition)))
      }
      return partitions.map((partition) => ({
        partition,
        earliest: earliest.get(partition) ?? 0,
        end: end.get(partition) ?? 0,
      }))
    })
  }

  /** Positions of this topic; none of another one that had its name. */
  async committed(group: string, partitions = this.#all()): Promise<Position[]> {
    return this.#asking(`asking for the positions of the group ${group}`, async () => {
      const topics = [{ name: this.name, partitionIndexes: [...partitions] }]
      const groups = await this.#admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics }] })
      return groups
        .flatMap((each) => each.topics)
        .flatMap((topic) => (topic.name === this.name ? topic.partitions : []))
        .filter(({ metadata }) => mayBeOf(this.#id, metadata))
        .map(({ partitionIndex, committedOffset }) => ({
          partition: partitionIndex,
          offset: Number(committedOffset),
        }))
        .filter(({ offset }) => offset >= 0)
        .sort((a, b) => a.partition - b.partition)
    })
  }

  async close(): Promise<void> {
    await this.#admin.close()
  }

  #all(): number[] {
    return this.#leaders.map((_, partition) => partition)
  }

  async #asking<T>(doing: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      throw kafkaError(error, doing)
    }
  }

  /** Learns where the partitions are; false when there is no such topic. */
  async #find(): Promise<boolean> {
    try {
      const { topics, brokers } = await this.#admin.metadata({ topics: [this.name], forceUpdate: true })
      const found = topics.get(this.name)
      if (!found || found.partitionsCount === 0) return false
      this.#id = found.id
      this.#leaders = Array.from(found.partitions, ({ leader }) => brokers.get(leader))
      return true
    } catch (error) {
      if (isUnknownTopic(error)) return false
      throw error
    }
  }

  async #create(): Promise<void> {
    const { partitions = 6, replicas = 0, createTopic = true } = this.#options
    if (!createTopic) {
      throw new MillraceError('log_refused', `Kafka: there is no topic ${this.name}`, {
        hint: this.#command(),
      })
    }
    try {
      await this.#admin.createTopics({
        topics: [this.name],
        partitions,
        replicas: replicas === 0 ? -1 : replicas,
        // The limit is that of a record batch: a message of the size that we accept fits with its key and header.
        configs: [{ name: 'max.message.bytes', value: String(2 * LIMITS.messageBytes) }],
      })
    } catch (error) {
      if (isKafkaError(error, 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED')) {
        throw new MillraceError(
          'log_refused',
          `Kafka: there is no topic ${this.name}, and this user may not make it`,
          { hint: this.#command(), cause: error },
        )
      }
      if (!isKafkaError(error, 'TOPIC_ALREADY_EXISTS')) throw error
    }
    for (let look = 1; ; look++) {
      try {
        if (await this.#find()) {
          await this.bounds()
          return
        }
      } catch (error) {
        if (look === LOOKS || !(error instanceof MillraceError && error.retryable)) throw error
      }
      await sleep(LOOK_PAUSE_MS)
    }
  }

  #command(): string {
    const { brokers, partitions = 6, replicas = 0 } = this.#options
    const copies = replicas === 0 ? '' : ` --replication-factor ${replicas}`
    return `Create it: kafka-topics --bootstrap-server ${brokers.join(',')} --create --topic ${this.name} --partitions ${partitions}${copies}`
  }
}
