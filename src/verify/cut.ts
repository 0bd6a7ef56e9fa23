import type { EventLog, Position } from '../log/port.ts'

/** A flush that has not committed for so long has lost its race with us: its rows count as written. */
const LONGEST_FLUSH_MS = 600_000

/**
 * What the consumer has finished with: rows below the committed positions have been written and their windows marked. Rows beyond
 * them are in flight, though they may be in the store already: between the writing of a row and its mark no roll-up knows of it.
 */
export class Cut {
  readonly committed: readonly Position[]
  readonly #takenMs: number

  constructor(committed: readonly Position[], takenMs: number) {
    this.committed = committed
    this.#takenMs = takenMs
  }

  static async take(log: EventLog, group: string, nowMs: number): Promise<Cut> {
    return new Cut(await log.committed(group), nowMs)
  }

  /**
   * A condition on a raw row: it was finished with. Rows that were written long ago are, whatever their offset: the log may have
   * begun again at 0.
   */
  get finished(): string {
    const below = this.committed.map(
      ({ partition, offset }) => `(kafka_partition = ${partition} AND kafka_offset < ${offset})`,
    )
    const old = `processed_time < fromUnixTimestamp64Milli(${Math.floor(this.#takenMs - LONGEST_FLUSH_MS)}, 'UTC')`
    return `(${[old, ...below].join(' OR ')})`
  }
}
