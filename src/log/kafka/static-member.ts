import { type Consumer, consumerGroupHeartbeatV1 } from '@platformatic/kafka'

/** What a static member says that goes for a while (KIP-848): its partitions wait for it. */
const LEAVING_FOR_A_WHILE = -2

/**
 * Ends a member that has a name of its own, so that its partitions stay its for the time of the session: whoever comes back under the
 * name goes on with them, and nobody else has to stop meanwhile. The client would leave for good. By the classic protocol
 * going without a word is enough; by the newer one the brokers take a second process of a name only when the first has said so.
 * https://cwiki.apache.org/confluence/x/HhD1D (KIP-848, static membership)
 */
export async function leaveForAWhile(consumer: Consumer, protocol: 'consumer' | 'classic'): Promise<void> {
  if (protocol === 'consumer') await sayGoodbye(consumer).catch(() => undefined)
  // Without connections it cannot leave.
  await consumer.connections.close()
  await consumer.close(true).catch(() => undefined)
}

async function sayGoodbye(consumer: Consumer): Promise<void> {
  const { coordinatorId, memberId, groupId, groupInstanceId } = consumer
  const { brokers } = await consumer.metadata({ topics: [] })
  const broker = coordinatorId === null ? undefined : brokers.get(coordinatorId)
  if (!broker || !memberId) return
  const connection = await consumer.connections.get(broker)
  const [noRack, noTimeout, sameTopics, noPattern, sameAssignor] = [null, 0, null, null, null]
  await consumerGroupHeartbeatV1.api.async(
    connection,
    groupId,
    memberId,
    LEAVING_FOR_A_WHILE,
    groupInstanceId,
    noRack,
    noTimeout,
    sameTopics,
    noPattern,
    sameAssignor,
    [],
  )
}
