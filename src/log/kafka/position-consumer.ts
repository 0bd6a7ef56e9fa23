import { type API, type Callback, Consumer, kGetApi } from '@platformatic/kafka'

/** Brokers keep a text beside each position, which is the committing client's. Ours begins with this, and says of which topic the position is. */
const TOPIC_ID = 'topic-id:'

/** The arguments of OffsetCommit, in each of its versions. https://kafka.apache.org/protocol#The_Messages_OffsetCommit */
type CommitArguments = [
  connection: unknown,
  group: string,
  generationOrEpoch: number,
  member: string,
  instance: string | null,
  topics: readonly { readonly partitions: { committedMetadata: string | null }[] }[],
  callback: unknown,
]

type Call = (...args: unknown[]) => unknown

/**
 * The client's consumer, with the topic's id beside each position that it commits. Brokers know a topic by its name when they are told a position:
 * one that comes late, of a topic that was removed, would hold for the topic that was made again, and what lies before it would never be read.
 */
export class PositionConsumer extends Consumer {
  /** Of what is committed next. */
  topicId = ''

  override [kGetApi]<A extends unknown[], R>(name: string, callback: Callback<API<A, R>>): void {
    super[kGetApi]<A, R>(name, (error, api) => {
      const isCommit = name === 'OffsetCommit' && api
      callback(error, isCommit ? (this.#withTopicId(api as unknown as Call) as unknown as API<A, R>) : api)
    })
  }

  #withTopicId(commit: Call): (...args: CommitArguments) => unknown {
    return (...args) => {
      for (const { partitions } of args[5]) {
        for (const partition of partitions) partition.committedMetadata = `${TOPIC_ID}${this.topicId}`
      }
      return commit(...args)
    }
  }
}

/** Whether a position may be of this topic. What other clients commit does not say of which one it is, and is taken for it. */
export function mayBeOf(topicId: string, metadata: string | null | undefined): boolean {
  return !metadata?.startsWith(TOPIC_ID) || metadata === `${TOPIC_ID}${topicId}`
}
