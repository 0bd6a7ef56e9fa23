const DAY_MS = 86_400_000

export interface ChunkLimits {
  /** Rows of the source that one statement reads. A window that has more stands alone. */
  readonly rows: number
  /** Windows that one statement computes. */
  readonly windows: number
  /** Days that one statement writes to; ClickHouse takes a hundred partitions in one insert. */
  readonly days: number
}

/** Windows that one statement computes. */
export interface Chunk {
  /** Their starts in milliseconds since the epoch. */
  readonly starts: readonly number[]
  /** How many rows of the source they have together; 0 when nobody has counted. */
  readonly rows: number
}

/**
 * Cuts windows into pieces that one statement computes each, so that memory is bounded however many there are. They stay in
 * the order of their time.
 *
 * @param starts starts of windows in milliseconds since the epoch
 * @param rowsOf how many rows of the source each has
 */
export function chunksOf(
  starts: readonly number[],
  rowsOf: ReadonlyMap<number, number>,
  limits: ChunkLimits,
): Chunk[] {
  const chunks: Chunk[] = []
  let chunk: number[] = []
  let rows = 0
  let days = 0
  let lastDay = Number.NaN
  for (const start of starts.toSorted((a, b) => a - b)) {
    const more = rowsOf.get(start) ?? 0
    const day = Math.floor(start / DAY_MS)
    if (
      chunk.length > 0 &&
      (rows + more > limits.rows ||
        chunk.length >= limits.windows ||
        (day !== lastDay && days >= limits.days))
    ) {
      chunks.push({ starts: chunk, rows })
      chunk = []
      rows = 0
      days = 0
      lastDay = Number.NaN
    }
    if (day !== lastDay) days += 1
    lastDay = day
    rows += more
    chunk.push(start)
  }
  if (chunk.length > 0) chunks.push({ starts: chunk, rows })
  return chunks
}
