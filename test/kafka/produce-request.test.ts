import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Connection, type MessageRecord, NumericMap, produceV9, type Writer } from '@platformatic/kafka'
import { PartitionRecords } from '../../src/log/kafka/partition-records.ts'
import { type Message, produceApi } from '../../src/log/kafka/produce-request.ts'

const TIMESTAMP = 1_764_110_000_000

/** What a request asks a connection to send. */
function payloadOf(
  api: ReturnType<typeof produceApi>,
  ...args: Parameters<typeof api> extends [unknown, ...infer A] ? A : never
) {
  let payload: Writer | undefined
  const connection = {
    send: (_key: number, _version: number, create: () => Writer) => {
      payload = create()
    },
  }
  api(connection as unknown as Connection, ...args)
  return payload!.buffer
}

function message(partition: number, values: readonly string[]): Message {
  const records = values.map((value) => ({
    partition,
    key: Buffer.from(`key of ${value}`),
    value: Buffer.from(value),
    timestampMs: TIMESTAMP,
  }))
  return {
    topic: 't',
    partition,
    key: null,
    value: new PartitionRecords(records, [...records.keys()], 'none'),
  }
}

const SENT = { producerId: 7n, producerEpoch: 0, sequences: {} } as const

/** The first sequence number that a record batch of one partition says. */
function sequenceOf(api: ReturnType<typeof produceApi>, sent: Message, producerId = 7n): number {
  const request = payloadOf(api, -1, 1_000, [sent], { ...SENT, producerId })
  // In front of the first key: the record's length, attributes, two deltas and the key's length, a byte each; the count of the records; it.
  return request.readInt32BE(request.indexOf('key of') - 5 - 4 - 4)
}

test('a request is the same, byte for byte, as the client library writes it', () => {
  const values = [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ] as const
  for (const transactionalId of [undefined, 'id']) {
    const mine = payloadOf(
      produceApi(),
      -1,
      1_000,
      values.map((own, partition) => message(partition, own)),
      { ...SENT, transactionalId },
    )
    const sequences = new NumericMap()
    const messages = values.flatMap((own, partition) =>
      own.map((value) => ({
        topic: 't',
        partition,
        key: Buffer.from(`key of ${value}`),
        value: Buffer.from(value),
        headers: new Map(),
        timestamp: BigInt(TIMESTAMP),
      })),
    )
    const theirs = produceV9.createRequest(-1, 1_000, messages as unknown as MessageRecord[], {
      ...SENT,
      sequences,
      ...(transactionalId !== undefined && { transactionalId }),
    })
    assert.deepEqual(mine, theirs.buffer)
  }
})

test('sequence numbers count the records of a partition and a session, and what is sent again keeps its own', () => {
  const api = produceApi()
  const [first, second, elsewhere] = [message(0, ['a', 'b']), message(0, ['c']), message(1, ['d'])]
  assert.equal(sequenceOf(api, first), 0)
  assert.equal(sequenceOf(api, second), 2)
  assert.equal(sequenceOf(api, elsewhere), 0)
  assert.equal(sequenceOf(api, first), 0, 'sent again')
  assert.equal(sequenceOf(api, message(0, ['e'])), 3)
  assert.equal(sequenceOf(api, second, 8n), 0, 'in another session')
  assert.equal(sequenceOf(api, first, 8n), 1)
})
