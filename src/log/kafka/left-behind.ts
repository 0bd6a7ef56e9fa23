import type { Gap, PartitionBounds } from '../port.ts'

/** How far a partition was read, and where it ended as far as is known. */
export interface LeftAt {
  readonly partition: number
  readonly offset: number
  readonly end: number
}

/** How long to wait before asking why partitions were taken away, in milliseconds: not every broker knows at once. */
const ASK_AFTER_MS = 2_000

/**
 * Where we were in partitions that were taken away. They went to another member, or the topic was removed: only in that case, and
 * only from us, can anybody learn what was lost.
 */
export class LeftBehind {
  readonly #left = new Map<number, LeftAt>()
  #lastMs = 0

  add(left: LeftAt): void {
    this.#left.set(left.partition, left)
    this.#lastMs = performance.now()
  }

  get isToBeAsked(): boolean {
    return this.#left.size > 0 && performance.now() - this.#lastMs > ASK_AFTER_MS
  }

  /** They went to others, or what became of them has been told. */
  clear(): void {
    this.#left.clear()
  }

  /**
   * The gaps between a topic and the one that was made in its place.
   *
   * @param held partitions that are ours; what was left behind says more about its partition, since it is certainly of the former topic
   */
  gaps(held: Iterable<LeftAt>, bounds: readonly PartitionBounds[]): Gap[] {
    const known = new Map(Array.from(held, (each) => [each.partition, each]))
    for (const [partition, left] of this.#left) known.set(partition, left)
    const earliest = new Map(bounds.map((each) => [each.partition, each.earliest]))
    return [...known.values()]
      .filter(({ offset, end }) => offset > 0 || end > 0)
      .map(({ partition, offset, end }) => ({
        partition,
        expected: offset,
        resumedAt: earliest.get(partition) ?? 0,
        formerEnd: Math.max(offset, end),
      }))
  }
}
