import { test } from 'node:test'
import { canRunKafka, startKafka } from '../helpers/kafka.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const WAYS = [
  ['Kafka 4', '4', {}],
  ['Kafka 3', '3', {}],
  ['Kafka 4, in transactions', '4', { MILLRACE_KAFKA_TRANSACTIONS: 'on' }],
] as const

for (const [way, version, settings] of canRunKafka() ? WAYS : []) {
  test(`the same program on ${way}: what was sent is what the aggregates say`, async (t) => {
    const kafka = await startKafka(t, { version })
    const system = await System.create(t, { MILLRACE_KAFKA_BROKERS: kafka.bootstrap, ...settings })
    const program = await system.up()
    await system.post(`${system.producerUrl}/generate/burst?count=5000`)
    await eventually(
      'the burst to be sent',
      async () => (await system.producerStatus()).sent >= 5_000,
      180_000,
    )
    await system.post(`${system.producerUrl}/generate/pause`)
    await system.verifyAgrees()
    await program.interrupt()
  })
}
