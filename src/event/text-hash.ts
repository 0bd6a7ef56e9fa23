/**
 * Hashes of texts, of four bytes at a time: a loop over single bytes takes four times as long, and texts are most of an event.
 *
 * Two hashes of 32 bits that are independent of each other, made by steps: FIRST, one step for each whole word of four bytes (little-endian), one for
 * what is left of the text (0 to 3 bytes, zeros above them), and finish() with its length.
 */
export const FIRST_HASH = 0x811c9dc5 | 0
export const FIRST_HASH2 = 0x2166f3a1 | 0

/** The step of MurmurHash3 for 32 bits (https://github.com/aappleby/smhasher). */
export function hashStep(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  const h = hash ^ Math.imul(k, 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** Turn, add, multiply: the step of FxHash, with a multiplier of its own (https://nnethercote.github.io/2021/12/08/a-brutally-effective-hash-function-in-rust.html). */
export function hashStep2(hash: number, word: number): number {
  return Math.imul(((hash << 7) | (hash >>> 25)) ^ word, 0x9e3779b1)
}

/** Takes in the length, and lets every bit of the text change the low ones (the end of MurmurHash3). */
export function finishHash(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The bytes of a word that come first in memory, `count` of them from 0 to 3; the others are zero. */
export function firstBytes(word: number, count: number): number {
  return word & ~(-1 << (8 * count))
}
