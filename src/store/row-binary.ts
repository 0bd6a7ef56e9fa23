/**
 * Writes rows in ClickHouse's RowBinary format: each column's value after the other, without names, numbers
 * little-endian. Strings are bytes with their length before them, so every byte arrives as it is.
 * https://clickhouse.com/docs/interfaces/formats/RowBinary
 */
export class RowBinaryWriter {
  #buffer: Buffer
  #length = 0

  constructor(initialBytes = 65_536) {
    this.#buffer = Buffer.allocUnsafe(initialBytes)
  }

  /** What was written; valid until the next write. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  uint8(value: number): void {
    this.#reserve(1)
    this.#length = this.#buffer.writeUInt8(value, this.#length)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(value, this.#length)
  }

  /** UInt64 and Int64 from a whole number of at most 2^53, and below zero for Int64. DateTime64 is an Int64. */
  int64(value: number): void {
    this.#reserve(8)
    const high = Math.floor(value / 2 ** 32)
    this.#length = this.#buffer.writeUInt32LE(value - high * 2 ** 32, this.#length)
    this.#length = this.#buffer.writeInt32LE(high, this.#length)
  }

  uint64(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigUInt64LE(value, this.#length)
  }

  /** Text as UTF-8. A lone surrogate, which has no UTF-8, becomes U+FFFD. */
  string(value: string): void {
    // A UTF-16 unit is at most three bytes, and a length of up to 2^28 at most four.
    this.#reserve(4 + value.length * 3)
    const bytes = value.length < 43 ? -1 : Buffer.byteLength(value)
    if (bytes < 0) {
      // 42 units fit in 127 bytes, whose length is one byte: write the text, then its length before it.
      const written = this.#buffer.write(value, this.#length + 1, 'utf8')
      this.#buffer[this.#length] = written
      this.#length += 1 + written
      return
    }
    this.#varint(bytes)
    this.#length += this.#buffer.write(value, this.#length, 'utf8')
  }

  bytesOf(value: Uint8Array): void {
    this.#reserve(5 + value.length)
    this.#varint(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  /** Nullable(String) from bytes. */
  nullableBytes(value: Uint8Array | null): void {
    this.uint8(value === null ? 1 : 0)
    if (value !== null) this.bytesOf(value)
  }

  /** An unsigned length in groups of seven bits (LEB128). */
  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.#length++] = rest
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
