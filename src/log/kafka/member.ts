import { MillraceError } from '../../errors.ts'
import type { Position } from '../port.ts'
import { guardConnections } from './connections.ts'
import { isKafkaError, kafkaError } from './errors.ts'
import { clientOptions, type GroupProtocol, type KafkaLogOptions } from './options.ts'
import { PositionConsumer } from './position-consumer.ts'
import { leaveForAWhile } from './static-member.ts'

const SESSION_TIMEOUT_MS = 45_000
const LONGEST_HEARTBEAT_MS = 3_000

/** How long a rebalance waits for a member that is busy, in milliseconds. */
const REBALANCE_TIMEOUT_MS = 60_000

/** The brokers no longer know this member: it comes again as another one. */
const FORGOTTEN = ['UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'UNRELEASED_INSTANCE_ID', 'GROUP_ID_NOT_FOUND']

/** The brokers took all partitions from this member; the client joins again by itself. */
const FENCED = 'FENCED_MEMBER_EPOCH'

/** The brokers have no groups of KIP-848, or not switched on. */
const NO_CONSUMER_PROTOCOL = ['UNSUPPORTED_VERSION', 'PLT_KFK_UNSUPPORTED_API']

/**
 * Membership in a consumer group: which partitions are this process's, from when on, and commits. Which records are read is
 * none of its business.
 */
export class GroupMember {
  readonly #options: KafkaLogOptions
  readonly #group: string
  readonly #onChange: () => void
  #protocol: GroupProtocol
  #consumer: PositionConsumer | undefined
  /** For each partition that is ours the ownership it is held under: a number that is never used again. */
  readonly #owned = new Map<number, number>()
  #ownerships = 0
  #generation = 0
  #memberId: string | null = null

  /** @param onChange called when partitions came or went, or the membership ended */
  constructor(options: KafkaLogOptions, group: string, onChange: () => void) {
    this.#options = options
    this.#group = group
    this.#onChange = onChange
    this.#protocol = options.groupProtocol ?? 'auto'
  }

  /** Partitions that are ours now, each with its ownership: another one whenever it was another's, or may have been. */
  owned(): ReadonlyMap<number, number> {
    this.#observe()
    return this.#owned
  }

  /**
   * Joins, unless a membership goes on. One that ended (the brokers forgot us, a rebalance failed) is followed by a new one.
   *
   * @throws MillraceError `log_unavailable`, `log_refused`
   */
  async join(): Promise<void> {
    if (this.#consumer) return
    try {
      this.#consumer = await this.#joinBySome()
    } catch (error) {
      throw kafkaError(error, `joining the group ${this.#group}`)
    }
    this.#observe()
  }

  /**
   * @param topicId of the topic that the positions are of, which may have been made again since
   * @throws MillraceError `log_unavailable` also while a rebalance goes on: asked again later, some of the partitions may be
   * another's
   */
  async commit(positions: readonly Position[], topicId: string): Promise<void> {
    const consumer = this.#consumer
    const doing = `committing positions of the group ${this.#group}`
    if (!consumer?.memberId) {
      throw new MillraceError('log_unavailable', `Kafka: ${doing}: not a member now`)
    }
    consumer.topicId = topicId
    try {
      await consumer.commit({
        offsets: positions.map(({ partition, offset }) => ({
          topic: this.#options.topic,
          partition,
          offset: BigInt(offset),
          leaderEpoch: -1,
        })),
      })
    } catch (error) {
      if (isKafkaError(error, ...FORGOTTEN)) this.#end(consumer)
      throw kafkaError(error, doing)
    }
  }

  /** Leaves the group, so that others get the partitions at once; a member with a name keeps them for a while. */
  async leave(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    this.#owned.clear()
    if (!consumer) return
    if (this.#options.instanceId === undefined) await consumer.close(true).catch(() => undefined)
    else await leaveForAWhile(consumer, this.#protocol === 'classic' ? 'classic' : 'consumer')
  }

  /** Finds out which protocol there is by using it: brokers of 3.9 may list the new one and not have it switched on. */
  async #joinBySome(): Promise<PositionConsumer> {
    if (this.#protocol !== 'auto') return this.#joinBy(this.#protocol)
    try {
      const consumer = await this.#joinBy('consumer')
      this.#protocol = 'consumer'
      return consumer
    } catch (error) {
      if (!isKafkaError(error, ...NO_CONSUMER_PROTOCOL)) throw error
      this.#protocol = 'classic'
      return this.#joinBy('classic')
    }
  }

  async #joinBy(protocol: 'consumer' | 'classic'): Promise<PositionConsumer> {
    const consumer = this.#open(protocol)
    try {
      // The subscription stays when the stream, that nobody reads, is closed.
      consumer.topics.track(this.#options.topic)
      if (protocol === 'classic') {
        await consumer.joinGroup({})
      } else {
        // The one way to join by this protocol. A manual stream reads nothing before it is asked to.
        const stream = await consumer.consume({
          topics: [this.#options.topic],
          mode: 'manual',
          offsets: [],
          autocommit: false,
        })
        stream.on('error', () => undefined)
        await stream.close()
      }
      return consumer
    } catch (error) {
      await consumer.close(true).catch(() => undefined)
      throw error
    }
  }

  #open(protocol: 'consumer' | 'classic'): PositionConsumer {
    const { sessionTimeoutMs = SESSION_TIMEOUT_MS, instanceId } = this.#options
    const rebalanceTimeout = Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs)
    const common = {
      ...clientOptions(this.#options),
      groupId: this.#group,
      autocommit: false,
      rebalanceTimeout,
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
      // A member that joins gets its answer when all have joined.
      requestTimeout: rebalanceTimeout + 10_000,
    }
    const consumer = new PositionConsumer(
      protocol === 'consumer'
        ? { ...common, groupProtocol: 'consumer' }
        : {
            ...common,
            groupProtocol: 'classic',
            sessionTimeout: sessionTimeoutMs,
            heartbeatInterval: Math.min(LONGEST_HEARTBEAT_MS, Math.ceil(sessionTimeoutMs / 3)),
          },
    )
    guardConnections(consumer.connections)
    consumer.on('consumer:group:join', ({ generationId }) => this.#rejoined(consumer, generationId ?? 0))
    consumer.on('consumer:heartbeat:end', () => this.#observe())
    consumer.on('consumer:heartbeat:error', ({ error }) => {
      if (isKafkaError(error, ...FORGOTTEN)) this.#end(consumer)
      else if (isKafkaError(error, FENCED)) this.#lose(consumer)
    })
    // The classic protocol's rejoin failed, and the client does not try again.
    consumer.on('error', () => this.#end(consumer))
    return consumer
  }

  /** A generation of the classic protocol began. When one was missed, or we were forgotten, others may have had our partitions. */
  #rejoined(consumer: PositionConsumer, generation: number): void {
    if (this.#consumer && this.#consumer !== consumer) return
    const missed = generation > this.#generation + 1 || consumer.memberId !== this.#memberId
    this.#generation = generation
    this.#memberId = consumer.memberId
    if (missed) this.#lose(consumer)
    this.#observe()
  }

  #lose(consumer: PositionConsumer): void {
    if (this.#consumer !== consumer) return
    this.#owned.clear()
    this.#onChange()
  }

  /** Compares what the brokers gave us with what we know. */
  #observe(): void {
    // One topic is all that we ask for; of one that was made again the client may not know the name.
    const mine = new Set((this.#consumer?.assignments ?? []).flatMap(({ partitions }) => partitions))
    let changed = false
    for (const partition of this.#owned.keys()) {
      if (mine.has(partition)) continue
      this.#owned.delete(partition)
      changed = true
    }
    for (const partition of mine) {
      if (this.#owned.has(partition)) continue
      this.#ownerships += 1
      this.#owned.set(partition, this.#ownerships)
      changed = true
    }
    if (changed) this.#onChange()
  }

  /** This membership is over; the next call of `join` begins another. */
  #end(consumer: PositionConsumer): void {
    if (this.#consumer !== consumer) return
    void this.leave()
    this.#onChange()
  }
}
