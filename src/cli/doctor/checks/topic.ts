import type { TopicSeen } from '../../compose.ts'
import type { Check, Outcome } from '../check.ts'

/** Whether the topic is there and whole. */
export const topicCheck: Check = {
  name: 'topic',
  withinMs: 15_000,
  async run({ config, brokers }) {
    if (config.kafkaBrokers === '') return null
    // That nobody answers is the finding of another check.
    const seen = await brokers().catch(() => undefined)
    if (seen === undefined) return null
    const { kafkaTopic: name, kafkaCreateTopic: mayMake, logPartitions, kafkaReplicas } = config
    if (seen.topic !== null) return topicOutcome(name, seen.topic)
    if (!mayMake) {
      return {
        state: 'fail',
        detail: `there is no topic ${name}, and MILLRACE_KAFKA_CREATE_TOPIC is off`,
        mend: 'Create it, as docs/kafka.md says, or set MILLRACE_KAFKA_CREATE_TOPIC=on.',
      }
    }
    if (kafkaReplicas > seen.brokers.length) {
      return {
        state: 'fail',
        detail: `there is no topic ${name}, and ${seen.brokers.length} brokers cannot keep ${kafkaReplicas} copies`,
        mend: 'Choose MILLRACE_KAFKA_REPLICAS no higher than there are brokers.',
      }
    }
    return { state: 'ok', detail: `${name} is made at the first start, with ${logPartitions} partitions` }
  },
}

export function topicOutcome(name: string, { partitions, replicas, leaderless, behind }: TopicSeen): Outcome {
  const copies = replicas === 1 ? '1 copy' : `${replicas} copies`
  const detail = `${name} has ${partitions} partitions, ${copies} of each`
  if (leaderless.length > 0) {
    return {
      state: 'fail',
      detail: `${detail}; no broker leads the partitions ${leaderless.join(', ')}`,
      mend: 'Start the brokers that hold them.',
    }
  }
  if (behind.length > 0) {
    return {
      state: 'warn',
      detail: `${detail}; copies of the partitions ${behind.join(', ')} are behind or away`,
      mend: 'Look at the brokers that hold them.',
    }
  }
  return { state: 'ok', detail }
}
