import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { inspectKafka } from '../../src/log/kafka/inspect.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import type { KafkaVersion } from '../helpers/kafka-libs.ts'
import { eventLogContract } from '../log/contract.ts'

/** What brokers of these releases can be seen to be. */
const SEEN: Readonly<Record<KafkaVersion, string>> = { '3': '3.9', '4': '4.0 or later' }

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

  test(`Kafka ${version}: what the brokers say of themselves and of the topic, and that asking makes nothing`, async () => {
    const { bootstrap } = cluster()
    const options = { brokers: [bootstrap], topic: `t-${randomUUID()}`, partitions: 3 }
    for (const time of ['first', 'second']) {
      const { topic, ...seen } = await inspectKafka(options)
      assert.equal(topic, null, time)
      assert.equal(seen.version, SEEN[version])
      assert.ok(seen.isNewEnough)
      assert.deepEqual(
        seen.brokers.map(({ address, problem }) => ({ address, problem })),
        [{ address: bootstrap, problem: null }],
      )
    }
    const { close } = await openKafkaLog(options)
    await close()
    const { topic } = await inspectKafka(options)
    assert.deepEqual(topic, { partitions: 3, replicas: 1, leaderless: [], behind: [] })
  })
}
