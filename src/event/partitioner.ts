/**
 * The 32-bit MurmurHash2 of Kafka's Java client, as a signed number
 * (org.apache.kafka.common.utils.Utils.murmur2), so that a page lies in the same partition whoever sends it.
 */
export function murmur2(bytes: Uint8Array): number {
  const m = 0x5bd1e995
  const length = bytes.length
  let h = 0x9747b28c ^ length
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length - whole
  if (rest > 2) h ^= bytes[whole + 2]! << 16
  if (rest > 1) h ^= bytes[whole + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ bytes[whole]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** The partition of a key, as Kafka's default partitioner chooses it: the hash without its sign, modulo the number of partitions. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}
