import type { RecordChunk } from './record-chunk.ts'

/** Records of one partition that a broker sent, and where the partition ended then. */
export interface Ahead {
  readonly partition: number
  readonly chunk: RecordChunk
  readonly end: number
}

/**
 * What a broker sent beyond the records that were asked for. Brokers answer in bytes, compressed, and whoever reads outside of a group
 * takes some thousand records at a time, in order: without this the same bytes would be sent and unpacked some thirty times.
 */
export class ReadAhead {
  #kept: (Ahead & { readonly topicId: string }) | undefined

  /** What is there of a partition from an offset on; undefined when the broker has to be asked. */
  from(topicId: string, partition: number, offset: number): Ahead | undefined {
    const kept = this.#kept
    if (kept?.topicId !== topicId || kept.partition !== partition) return undefined
    const { chunk } = kept
    if (offset < chunk.next || offset >= chunk.end) return undefined
    chunk.skipTo(offset)
    return kept
  }

  /** Keeps these in place of those before: one reader reads on, and two of them only ask more often. */
  keep(topicId: string, { partition, chunk, end }: Ahead): Ahead {
    this.#kept = { topicId, partition, chunk, end }
    return this.#kept
  }
}
