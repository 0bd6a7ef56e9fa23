import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Producer } from '@platformatic/kafka'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { EventLog } from '../../src/log/port.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from '../log/contract.ts'

if (canRunKafka()) {
  for (const version of ['4', '3'] as const) {
    const cluster = sharedKafka({ version })
    const opened = async (t: TestContext, partitions: number): Promise<EventLog> => {
      const options = { brokers: [cluster().bootstrap], topic: `t-${randomUUID()}`, partitions }
      const { log, close } = await openKafkaLog(options)
      t.after(close)
      return log
    }

    test(`Kafka ${version}: what Java's console producer sends is read`, async (t) => {
      const log = await opened(t, 3)
      const { bootstrap } = cluster()
      const lines = Array.from({ length: 20 }, (_, i) => `key-${i}\tvalue ${i} é`)
      await cluster().tool(
        version === '4' ? 'org.apache.kafka.tools.ConsoleProducer' : 'kafka.tools.ConsoleProducer',
        [
          ...['--bootstrap-server', bootstrap, '--topic', log.topic],
          ...[version === '4' ? '--reader-property' : '--property', 'parse.key=true'],
        ],
        `${lines.join('\n')}\n`,
      )
      const got = await fetchCount(await log.reader('g'), lines.length)
      assert.deepEqual(got.map(({ key, value }) => `${key}\t${value}`).sort(), lines.sort())
    })

    test(`Kafka ${version}: what we send Java's console consumer reads, with key and partition`, async (t) => {
      const log = await opened(t, 3)
      const writer = await log.writer()
      await writer.append([record(2, 'one', 'k1'), record(0, 'two'), record(2, 'three', 'k3')])
      const property = version === '4' ? '--formatter-property' : '--property'
      const printed = await cluster().tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
        ...['--bootstrap-server', cluster().bootstrap, '--topic', log.topic, '--from-beginning'],
        ...['--max-messages', '3', property, 'print.key=true', property, 'print.partition=true'],
      ])
      assert.deepEqual(printed.trim().split('\n').sort(), [
        'Partition:0\tnull\ttwo',
        'Partition:2\tk1\tone',
        'Partition:2\tk3\tthree',
      ])
    })

    test(`Kafka ${version}: messages of an aborted transaction are not read, and the group arrives at the end`, async (t) => {
      const log = await opened(t, 1)
      const producer = new Producer({
        clientId: 'test',
        bootstrapBrokers: [cluster().bootstrap],
        idempotent: true,
        transactionalId: randomUUID(),
      })
      t.after(() => producer.close())
      const send = async (text: string, end: 'commit' | 'abort'): Promise<void> => {
        const transaction = await producer.beginTransaction()
        await transaction.send({
          messages: [{ topic: log.topic, partition: 0, key: Buffer.from('k'), value: Buffer.from(text) }],
        })
        await transaction[end]()
      }
      await send('no 1', 'abort')
      await send('yes 1', 'commit')
      await send('no 2', 'abort')
      await send('no 3', 'abort')
      await send('yes 2', 'commit')
      await send('no 4', 'abort')
      const reader = await log.reader('g')
      const got = await fetchCount(reader, 2)
      assert.deepEqual(
        got.map(({ value }) => value!.toString()),
        ['yes 1', 'yes 2'],
      )
      await reader.commit([{ partition: 0, offset: got[1]!.offset + 1 }])
      await eventually('the group to be at the end of the log', async () => {
        await reader.fetch({ maxRecords: 10, maxBytes: 1_000, maxWaitMs: 100 })
        const [bounds] = await log.bounds()
        const [position] = await log.committed('g')
        return position?.offset === bounds!.end
      })
      assert.equal((await log.read(0, 0, { maxRecords: 1, maxBytes: 1 }))?.offsets[0], got[0]!.offset)
      assert.equal(await log.read(0, got[1]!.offset + 1, { maxRecords: 1, maxBytes: 1 }), null)
    })
  }
}
