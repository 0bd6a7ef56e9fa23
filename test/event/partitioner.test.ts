import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionForKey } from '../../src/event/partitioner.ts'

/** The cases of Kafka's own test (org.apache.kafka.common.utils.UtilsTest, testMurmur2). */
const KAFKA: readonly (readonly [key: string, hash: number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('the hash is that of the Java client', () => {
  for (const [key, hash] of KAFKA) assert.equal(murmur2(Buffer.from(key)), hash, key)
})

test('a negative hash loses its sign bit, it is not negated', () => {
  for (const [key, hash] of KAFKA) {
    assert.equal(partitionForKey(Buffer.from(key), 12), (hash & 0x7fffffff) % 12, key)
  }
  // 1173551340 is -973932308 without its sign bit.
  assert.equal(partitionForKey(Buffer.from('21'), 7), 1173551340 % 7)
})

test('bytes above 127 and a view into a larger buffer are hashed as they are', () => {
  const bytes = Buffer.from('xx/日本語/はじめに')
  assert.equal(murmur2(bytes.subarray(2)), murmur2(new Uint8Array(Buffer.from('/日本語/はじめに'))))
})
