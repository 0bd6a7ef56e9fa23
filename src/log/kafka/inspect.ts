import { Admin, type ClusterMetadata } from '@platformatic/kafka'
import { messageOf } from '../../errors.ts'
import { guardConnections } from './connections.ts'
import { isRefusal, isUnknownTopic, kafkaError } from './errors.ts'
import { clientOptions, type KafkaLogOptions } from './options.ts'

/** What the brokers say of themselves and of the topic. */
export interface BrokersSeen {
  readonly brokers: readonly BrokerSeen[]
  /** The first and the last release that speak as these brokers do, as far as that tells: `4.0 or later`. */
  readonly version: string
  /** Whether that is one that Millrace works with. */
  readonly isNewEnough: boolean
  /** Null when there is no such topic. */
  readonly topic: TopicSeen | null
}

export interface BrokerSeen {
  readonly id: number
  /** Where it says that it is, for all who use it. */
  readonly address: string
  /** Why it cannot be reached there; null when it can. */
  readonly problem: string | null
}

export interface TopicSeen {
  readonly partitions: number
  /** Copies of each partition. */
  readonly replicas: number
  /** Partitions that no broker leads, so nobody can use them now. */
  readonly leaderless: readonly number[]
  /** Partitions with copies that are behind or away. */
  readonly behind: readonly number[]
}

/**
 * Asks the brokers about themselves and about the topic. Nothing is made.
 *
 * @throws MillraceError `log_unavailable` when no broker answers, `log_refused` when they refuse
 */
export async function inspectKafka(options: KafkaLogOptions): Promise<BrokersSeen> {
  const admin = new Admin(clientOptions(options))
  const lastFailure = guardConnections(admin.connections)
  try {
    const apis = await admin.listApis()
    const { brokers } = await admin.metadata({ topics: [], forceUpdate: true })
    const reached = [...brokers].map(async ([id, { host, port }]) => ({
      id,
      address: `${host}:${port}`,
      problem: await admin.connectToBrokers([id]).then(
        () => null,
        (error: unknown) => messageOf(kafkaError(error, 'connecting')),
      ),
    }))
    const metadata = await admin
      .metadata({ topics: [options.topic], forceUpdate: true })
      .catch((error: unknown) => {
        if (isUnknownTopic(error)) return undefined
        throw error
      })
    const fetch = apis.find(({ name }) => name === 'Fetch')
    return {
      brokers: await Promise.all(reached),
      ...releaseOf(fetch?.minVersion ?? 0, fetch?.maxVersion ?? 0),
      topic: topicOf(metadata, options.topic),
    }
  } catch (error) {
    const reason = isRefusal(lastFailure()) ? lastFailure() : error
    throw kafkaError(reason, `asking ${options.brokers.join(',')}`)
  } finally {
    await admin.close()
  }
}

/**
 * Brokers do not tell their release; which versions of the fetch request they take tells about it.
 * https://kafka.apache.org/protocol#The_Messages_Fetch, and KIP-896 for what 4.0 dropped
 */
function releaseOf(min: number, max: number): { version: string; isNewEnough: boolean } {
  const isNewEnough = max >= 15
  if (min >= 4) return { version: '4.0 or later', isNewEnough }
  if (max >= 17) return { version: '3.9', isNewEnough }
  if (max >= 16) return { version: '3.7 or 3.8', isNewEnough }
  return { version: isNewEnough ? '3.5 or 3.6' : 'older than 3.5', isNewEnough }
}

function topicOf(metadata: ClusterMetadata | undefined, name: string): TopicSeen | null {
  const topic = metadata?.topics.get(name)
  if (!topic || topic.partitionsCount === 0) return null
  const partitions = topic.partitions.map((partition, number) => ({ ...partition, number }))
  const numbersOf = (found: typeof partitions): number[] => found.map(({ number }) => number)
  return {
    partitions: topic.partitionsCount,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    leaderless: numbersOf(partitions.filter(({ leader }) => !metadata!.brokers.has(leader))),
    behind: numbersOf(partitions.filter(({ isr, replicas }) => isr.length < replicas.length)),
  }
}
