import { randomUUID } from 'node:crypto'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import type { KafkaVersion } from '../helpers/kafka-libs.ts'
import { eventLogContract } from '../log/contract.ts'

/** The contract of the event log, on a real broker. */
export function kafkaContract(version: KafkaVersion): void {
  if (!canRunKafka()) return
  const cluster = sharedKafka({ version })
  eventLogContract({
    name: `Kafka ${version}`,
    randomRuns: 6,
    async create(t, partitions) {
      const options = { brokers: [cluster().bootstrap], topic: `t-${randomUUID()}`, partitions }
      return {
        async open() {
          const { log, close } = await openKafkaLog(options)
          t.after(close)
          return log
        },
      }
    },
  })
}
