import { zstdDecompressSync } from 'node:zlib'
import { AT, COMPRESSION, endOf, isWhole } from './record-batch-layout.ts'

/** The number of the compression in a batch's attributes. */
export const ZSTD = 4

/** How much memory is taken at once for what comes out: page views are eight times as long as their compressed form. */
const [LEAST_ROOM, MOST_ROOM, ROOM_PER_BYTE] = [16_384, 2 ** 20, 10]

/** What comes out of all batches together. Those beyond are left to whoever reads them, one at a time. */
const MOST_UNPACKED = 32 * 2 ** 20

/** The records of a chunk's batches, one after the other. */
export interface Unpacked {
  readonly bytes: Buffer
  /** Where those of a batch begin, by the place of the batch in its chunk. Batches that are not in here have not been unpacked. */
  readonly starts: ReadonlyMap<number, number>
}

/** @throws RangeError when more than `most` bytes come out */
export function unpackZstd(bytes: Buffer, most?: number): Buffer {
  const room = Math.max(LEAST_ROOM, Math.min(MOST_ROOM, ROOM_PER_BYTE * bytes.length))
  return zstdDecompressSync(bytes, {
    chunkSize: room,
    ...(most !== undefined && { maxOutputLength: most }),
  })
}

/** Unpacks the batches of a chunk as far as there is room; what cannot be unpacked is left as it is. */
export function unpack(chunk: Buffer): Unpacked {
  const parts: Buffer[] = []
  const starts = new Map<number, number>()
  let length = 0
  for (let at = 0; isWhole(chunk, at); at = endOf(chunk, at)) {
    if ((chunk.readInt16BE(at + AT.attributes) & COMPRESSION) !== ZSTD) continue
    try {
      const part = unpackZstd(chunk.subarray(at + AT.records, endOf(chunk, at)), MOST_UNPACKED - length)
      starts.set(at, length)
      parts.push(part)
      length += part.length
    } catch {
      // Broken, or too much: it is unpacked again where it is read, and whoever does that says what is wrong.
      break
    }
  }
  return { bytes: Buffer.concat(parts, length), starts }
}
