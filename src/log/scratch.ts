/** Kept for the next time up to this size, in bytes: nearly everything is smaller. */
const KEPT_BYTES = 4 * 2 ** 20

/**
 * Memory that is used again and again for what is written and read at once. New memory of such a size comes from the kernel, which clears it
 * page by page: that takes longer than writing it.
 */
export class Scratch {
  #kept = Buffer.alloc(0)

  /** @returns so many bytes, whatever is in them; valid until the next time */
  take(size: number): Buffer {
    if (size > KEPT_BYTES) return Buffer.allocUnsafe(size)
    if (size > this.#kept.length) this.#kept = Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES, 2 * size))
    return this.#kept.subarray(0, size)
  }
}
