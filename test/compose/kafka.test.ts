import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { canRunKafka } from '../helpers/kafka.ts'
import { COMPOSE_FILES, startComposeBroker } from './broker.ts'
import { canReadComposeFiles, servicesOf } from './compose-files.ts'

/** What a client at this address is told to connect to. */
async function advertisedAt(address: string): Promise<string[]> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address], retries: 3 })
  try {
    const { brokers } = await admin.metadata({})
    return [...brokers.values()].map(({ host, port }) => `${host}:${port}`)
  } finally {
    await admin.close()
  }
}

for (const file of canReadComposeFiles() && canRunKafka() ? COMPOSE_FILES : []) {
  test(`the broker of ${file[0]}: containers and this machine are each led back the way they came`, async (t) => {
    const { cluster, inside, outside, init } = await startComposeBroker(t, file)
    assert.deepEqual(await advertisedAt(`127.0.0.1:${inside}`), [`127.0.0.1:${inside}`])
    assert.deepEqual(await advertisedAt(`localhost:${outside}`), [`localhost:${outside}`])

    assert.equal(servicesOf(file[0])['kafka-init']!.command![0], 'kafka-topics')
    const topicCommand = 'org.apache.kafka.tools.TopicCommand'
    await cluster.tool(topicCommand, init)
    await cluster.tool(topicCommand, init)
    const list = ['--bootstrap-server', `localhost:${outside}`, '--describe']
    assert.match(await cluster.tool(topicCommand, list), /Topic: page-views\s.*PartitionCount: 6\s/)
  })
}
