import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Producer } from '@platformatic/kafka'
import fc from 'fast-check'
import { toWire } from '../../src/event/page-view.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import { VIEW } from '../consumer/messages.ts'
import { hostileValue } from '../helpers/hostile-messages.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import { TallyStore } from '../helpers/tally-store.ts'
import { consumeAll } from './consumer.ts'

const NOW = Date.parse('2026-11-23T05:12:44.120Z')
const LARGEST = 20 * 2 ** 20

if (canRunKafka()) {
  const cluster = sharedKafka({ version: '4', properties: { 'message.max.bytes': String(LARGEST + 65_536) } })

  test('whatever other senders put into Kafka is a view or an error, once, and the consumer goes on', async (t) => {
    const topic = `t-${randomUUID()}`
    const bootstrapBrokers = [cluster().bootstrap]
    const { log, close } = await openKafkaLog({ brokers: bootstrapBrokers, topic, partitions: 2 })
    t.after(close)
    const producer = new Producer({ clientId: 'other', bootstrapBrokers })
    t.after(() => producer.close())
    type Message = {
      topic: string
      partition: number
      key?: Buffer
      value?: Buffer
      headers?: Map<Buffer, Buffer>
    }
    const message = (value: Uint8Array | undefined, more: Partial<Message> = {}): Message => {
      return {
        topic,
        partition: 0,
        key: Buffer.from(randomUUID()),
        ...more,
        ...(value && { value: Buffer.from(value) }),
      }
    }
    const good = () => message(Buffer.from(JSON.stringify(toWire({ ...VIEW, timestampMs: NOW }))))
    let sent = 0
    const send = async (
      messages: Message[],
      compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' = 'none',
    ) => {
      await producer.send({ messages, compression, acks: -1 })
      sent += messages.length
    }

    const samples = fc
      .sample(hostileValue(NOW), { seed: 11, numRuns: 400 })
      .filter(({ length }) => length < 200_000)
    for (const [i, compression] of (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const).entries()) {
      const part = samples.filter((_, n) => n % 5 === i)
      await send([...part.map((value) => message(value)), good()], compression)
    }
    await send([
      message(undefined),
      message(Buffer.alloc(0)),
      message(Buffer.alloc(100)),
      message(Buffer.from('{}'), { key: Buffer.alloc(0) }),
      message(Buffer.from('{}'), { key: Buffer.alloc(500_000, 'k') }),
      message(Buffer.from('{}'), { headers: new Map([[Buffer.from([0xff, 0]), Buffer.alloc(10_000)]]) }),
      message(Buffer.from('x'), {
        headers: new Map(Array.from({ length: 500 }, (_, n) => [Buffer.from(`h${n}`), Buffer.alloc(0)])),
      }),
    ])
    await send([message(Buffer.alloc(2 ** 20 + 1, '['))])
    await send([message(Buffer.alloc(LARGEST, 0x20))])
    // A bomb: 20 MB that are a few KB on the wire.
    await send([message(Buffer.alloc(LARGEST, '{"a":'))], 'zstd')
    await send([good()])

    const store = new TallyStore()
    await consumeAll(log, store, NOW)
    store.assertEachOnce(Array.from({ length: sent }, (_, offset) => `0/${offset}`))
    assert.equal(store.views.size + store.errors.size, sent)
    assert.ok(store.views.has(`0/${sent - 1}`), 'the good one behind them all')
    assert.deepEqual(
      [2, 3, 4].map((back) => store.errors.get(`0/${sent - back}`)),
      Array(3).fill('message_too_large'),
    )
  })
}
