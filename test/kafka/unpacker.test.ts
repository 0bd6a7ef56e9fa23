import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PartitionRecords } from '../../src/log/kafka/partition-records.ts'
import { RecordChunk } from '../../src/log/kafka/record-chunk.ts'
import { type Unpacked, unpack } from '../../src/log/kafka/unpack.ts'
import { Unpacker } from '../../src/log/kafka/unpacker.ts'
import type { OutgoingRecord } from '../../src/log/port.ts'
import { keyAt, valueAt } from '../../src/log/record-batch.ts'
import { seeded } from '../helpers/seed.ts'

const ORIGIN = { producerId: 7n, producerEpoch: 2, sequence: 0, transactional: false }
const NOW = 2e12

/** A partition as a broker sends it: batches one after the other. */
async function chunkOf(
  batches: readonly { values: readonly (Uint8Array | null)[]; compression: 'none' | 'lz4' | 'zstd' }[],
): Promise<Buffer> {
  const parts: Buffer[] = []
  let offset = 0
  for (const { values, compression } of batches) {
    const records = values.map(
      (value, i): OutgoingRecord => ({
        partition: 0,
        key: i % 4 === 0 ? null : Buffer.from(`key-${offset + i}`),
        value: value && Buffer.from(value),
        timestampMs: NOW + offset + i,
      }),
    )
    const batch = await new PartitionRecords(records, [...records.keys()], compression).batch(ORIGIN)
    batch.writeBigInt64BE(BigInt(offset), 0)
    parts.push(batch)
    offset += records.length
  }
  return Buffer.concat(parts)
}

function recordsOf(chunk: Buffer, unpacked: Unpacked | undefined, from = 0, atOnce = 50): unknown[] {
  const reading = new RecordChunk(0, from, chunk, [], unpacked)
  const records: unknown[] = []
  for (let batch = reading.take(atOnce, 10_000); batch; batch = reading.take(atOnce, 10_000)) {
    for (let i = 0; i < batch.length; i++) {
      const [key, value] = [keyAt(batch, i), valueAt(batch, i)]
      records.push([
        batch.offsets[i],
        batch.timestamps[i],
        key?.toString('hex') ?? null,
        value?.toString('hex') ?? null,
      ])
    }
  }
  return records
}

/** A chunk that is large enough to be unpacked in the other thread. */
async function largeChunk(): Promise<Buffer> {
  const random = (i: number): Buffer =>
    Buffer.from(Array.from({ length: 300 }, (_, n) => (i * 7919 + n * n * 31) & 255))
  const values = Array.from({ length: 2_000 }, (_, i) => random(i))
  return chunkOf([
    { values: values.slice(0, 1_500), compression: 'zstd' },
    { values: values.slice(1_500), compression: 'zstd' },
    { values: [Buffer.alloc(200_000, 'x'.repeat(7))], compression: 'none' },
  ])
}

test('a chunk has the same records whether it was unpacked before or not, from any offset on', async (t) => {
  const value = fc.option(fc.uint8Array({ maxLength: 400 }), { nil: null })
  const batch = fc.record({
    values: fc.array(value, { minLength: 1, maxLength: 80 }),
    compression: fc.constantFrom('none' as const, 'lz4' as const, 'zstd' as const),
  })
  const params = fc.tuple(
    fc.array(batch, { minLength: 1, maxLength: 6 }),
    fc.nat(100),
    fc.integer({ min: 1, max: 90 }),
  )
  await fc.assert(
    fc.asyncProperty(params, fc.nat(40), async ([batches, from, atOnce], cut) => {
      const whole = await chunkOf(batches)
      // The limit of a request cuts off the last batch.
      const chunk = whole.subarray(0, whole.length - cut)
      assert.deepEqual(
        recordsOf(chunk, unpack(chunk), from, atOnce),
        recordsOf(chunk, undefined, from, atOnce),
      )
    }),
    seeded(t, 200),
  )
})

test('what cannot be unpacked is left to whoever reads it, and what comes before it is unpacked', async () => {
  const batch = { values: [Buffer.from('a'), Buffer.from('b')], compression: 'zstd' as const }
  const first = await chunkOf([batch])
  const chunk = await chunkOf([batch, batch])
  // Behind the magic number of the second one's compressed records.
  chunk.fill(0xff, first.length + 65)
  const unpacked = unpack(chunk)
  assert.deepEqual([...unpacked.starts.keys()], [0])
  assert.equal(recordsOf(chunk.subarray(0, first.length), unpacked).length, 2)
  assert.throws(() => recordsOf(chunk, unpacked))
})

test('a bomb is not unpacked ahead, and neither is what follows it', async () => {
  const bomb = { values: [Buffer.alloc(40 * 2 ** 20)], compression: 'zstd' as const }
  const small = { values: [Buffer.from('a')], compression: 'zstd' as const }
  const chunk = await chunkOf([small, bomb, small])
  const unpacked = unpack(chunk)
  assert.deepEqual([...unpacked.starts.keys()], [0])
  assert.ok(unpacked.bytes.length < 100)
  assert.equal(recordsOf(chunk, unpacked).length, 3)
})

test('the other thread gives back what this one would, in order', async (t) => {
  const unpacker = new Unpacker()
  t.after(() => unpacker.close())
  const chunks = [await largeChunk(), (await largeChunk()).subarray(0, 300_000), await largeChunk()]
  const unpacked = await Promise.all(chunks.map((chunk) => unpacker.unpack(chunk)))
  for (const [i, chunk] of chunks.entries()) {
    assert.ok(unpacked[i], 'it is unpacked')
    assert.deepEqual([...unpacked[i].starts], [...unpack(chunk).starts])
    assert.deepEqual(recordsOf(chunk, unpacked[i]), recordsOf(chunk, undefined))
  }
})

test('small chunks are left alone, and all of them when it is closed, also those under way', async () => {
  const unpacker = new Unpacker()
  assert.equal(
    await unpacker.unpack(await chunkOf([{ values: [Buffer.from('a')], compression: 'zstd' }])),
    undefined,
  )
  const underWay = unpacker.unpack(await largeChunk())
  await unpacker.close()
  assert.equal(await underWay, undefined)
  assert.equal(await unpacker.unpack(await largeChunk()), undefined)
})
