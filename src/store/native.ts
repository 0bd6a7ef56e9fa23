/**
 * Writes blocks in ClickHouse's Native format: columns one after the other, each with its name and type, as the server itself holds
 * them, so that it takes them in without looking at single rows. https://clickhouse.com/docs/interfaces/formats/Native
 */
export interface NativeColumn {
  readonly name: string
  readonly type: string
  /** The column's values, as bytes. */
  readonly data: readonly Uint8Array[]
}

/** A block of so many rows, as the pieces that it is sent in: the columns themselves, not a copy of them. */
export function nativeBlock(rows: number, columns: readonly NativeColumn[]): Uint8Array[] {
  const parts: Uint8Array[] = [varint(columns.length), varint(rows)]
  for (const { name, type, data } of columns) parts.push(text(name), text(type), ...data)
  return parts
}

/** How the indices of a LowCardinality column are wide: the flags of its serialization say it. */
const INDEX_TYPES = [
  { flag: 0n, most: 2 ** 8, of: (indices: Uint32Array): Uint8Array => Uint8Array.from(indices) },
  { flag: 1n, most: 2 ** 16, of: (indices: Uint32Array): Uint8Array => bytesOf(Uint16Array.from(indices)) },
  { flag: 2n, most: 2 ** 32, of: (indices: Uint32Array): Uint8Array => bytesOf(indices) },
]
const SHARED_DICTIONARIES = 1n
/** The dictionary comes with the block, and there is no other one. */
const OWN_DICTIONARY = (1n << 9n) | (1n << 10n)

/**
 * The data of a LowCardinality(String) column: a dictionary and for each row an index into it.
 * (SerializationLowCardinality.cpp in https://github.com/ClickHouse/ClickHouse)
 *
 * @param entries the dictionary's texts, each with its length before it
 */
export function lowCardinality(entries: Uint8Array, entryCount: number, indices: Uint32Array): Uint8Array[] {
  const { flag, of } = INDEX_TYPES.find(({ most }) => entryCount <= most)!
  return [
    uint64s(SHARED_DICTIONARIES, OWN_DICTIONARY | flag, BigInt(entryCount)),
    entries,
    uint64s(BigInt(indices.length)),
    of(indices),
  ]
}

/** Numbers as they lie in memory: little-endian, as on every machine that ClickHouse runs on, and as the format wants them. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
}

function uint64s(...values: readonly bigint[]): Uint8Array {
  return bytesOf(BigUint64Array.from(values))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(bytes.length), bytes])
}

/** An unsigned number in groups of seven bits (LEB128). */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
