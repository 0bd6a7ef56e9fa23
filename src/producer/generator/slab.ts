/**
 * Large enough for some two hundred events, so that an allocation costs each of them nothing to speak of; and small enough to come from the
 * heap that malloc() keeps, and not from the kernel, page by page, each time.
 */
const SIZE = 65_536

/**
 * Bytes of many small messages in one piece of memory. It is freed when none of them is held any more, so they should be held about
 * equally long.
 */
export class Slab {
  #bytes = Buffer.allocUnsafeSlow(SIZE)
  #start = 0
  #at = 0

  /** @param most bytes that are added until the end, at most */
  begin(most: number): void {
    if (this.#at + most > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(SIZE, most))
      this.#at = 0
    }
    this.#start = this.#at
  }

  add(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  addByte(byte: number): void {
    this.#bytes[this.#at] = byte
    this.#at += 1
  }

  /** What was added since the beginning. A plain array of bytes, since a Buffer takes twice as long to make. */
  end(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#start, this.#at - this.#start)
  }
}
