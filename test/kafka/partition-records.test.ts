import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createRecordsBatch,
  type MessageRecord,
  NumericMap,
  Reader,
  readRecordsBatch,
} from '@platformatic/kafka'
import fc from 'fast-check'
import { PartitionRecords } from '../../src/log/kafka/partition-records.ts'
import { seeded } from '../helpers/seed.ts'

const ORIGIN = { producerId: 7n, producerEpoch: 2, sequence: 41, transactional: true }
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })

/** @param apartMs how far apart the times may lie */
function recordsOf(apartMs: number) {
  const timestampMs = fc.integer({ min: 2e12 - apartMs, max: 2e12 + apartMs })
  const record = fc.record({ partition: fc.constant(3), key: bytes, value: bytes, timestampMs })
  return fc.array(record, { minLength: 1, maxLength: 200 })
}

test('a record batch is the same, byte for byte, as the client library writes it', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      recordsOf(10_000),
      fc.constantFrom('none', 'gzip', 'snappy', 'lz4'),
      async (records, compression) => {
        const written = new PartitionRecords(records, [...records.keys()], compression).batch(ORIGIN)
        const sequences = new NumericMap()
        sequences.set('t:3', ORIGIN.sequence)
        const messages = records.map(({ key, value, timestampMs }) => ({
          topic: 't',
          partition: 3,
          key: key && Buffer.from(key),
          value: value && Buffer.from(value),
          headers: new Map(),
          timestamp: BigInt(timestampMs),
        }))
        const { producerId, producerEpoch } = ORIGIN
        const expected = createRecordsBatch(messages as unknown as MessageRecord[], {
          compression,
          producerId,
          producerEpoch,
          sequences,
          transactionalId: 'id',
        })
        assert.deepEqual(await written, expected.buffer)
      },
    ),
    seeded(t, 100),
  )
})

test('compressed with zstd, records may lie years apart, and only those that are meant are in it', async (t) => {
  await fc.assert(
    fc.asyncProperty(recordsOf(1e12), async (records) => {
      const indices = [...records.keys()].filter((i) => i % 3 !== 1)
      const batch = await new PartitionRecords(records, indices, 'zstd').batch(ORIGIN)
      const read = readRecordsBatch(Reader.from(batch))
      assert.deepEqual(
        read.records.map(({ timestampDelta }) => Number(read.firstTimestamp + timestampDelta)),
        indices.map((i) => records[i]!.timestampMs),
      )
      assert.equal(Number(read.maxTimestamp), Math.max(...indices.map((i) => records[i]!.timestampMs)))
    }),
    seeded(t, 100),
  )
})
