import type { EventLog } from '../log/port.ts'

/** How far a group is behind the end of the log. */
export interface Lag {
  /** Messages that are in the log and not committed. */
  readonly messages: number
  /** How long the oldest of them has been there, in seconds; 0 when there is none. */
  readonly seconds: number
  readonly partitions: readonly PartitionLag[]
}

export interface PartitionLag {
  readonly partition: number
  readonly earliest: number
  readonly end: number
  /** The offset to read next. */
  readonly committed: number
  readonly lag: number
}

/** Asks the log how far the group is behind. */
export async function readLag(log: EventLog, group: string, nowMs: number): Promise<Lag> {
  const [bounds, positions] = await Promise.all([log.bounds(), log.committed(group)])
  const committedOf = new Map(positions.map(({ partition, offset }) => [partition, offset]))
  const partitions = bounds.map(({ partition, earliest, end }) => {
    const position = committedOf.get(partition) ?? earliest
    // A position beyond the end is of a log that is gone: this one is read from its beginning.
    const committed = position > end ? earliest : Math.max(earliest, position)
    return { partition, earliest, end, committed, lag: end - committed }
  })
  const waiting = partitions.filter(({ lag }) => lag > 0)
  const times = await Promise.all(
    waiting.map(async ({ partition, committed }) => {
      const batch = await log.read(partition, committed, { maxRecords: 1, maxBytes: 1 })
      return batch?.timestamps[0] ?? nowMs
    }),
  )
  return {
    messages: partitions.reduce((sum, { lag }) => sum + lag, 0),
    seconds: Math.max(0, ...times.map((time) => (nowMs - time) / 1_000)),
    partitions,
  }
}

const NOTHING_KNOWN: Lag = { messages: 0, seconds: 0, partitions: [] }

/** The lag, asked for once a second, so that status, metrics and log can have it at any time. */
export class LagMeter {
  readonly #read: () => Promise<Lag>
  #timer: NodeJS.Timeout | undefined
  #last: Lag = NOTHING_KNOWN

  constructor(read: () => Promise<Lag>) {
    this.#read = read
  }

  get last(): Lag {
    return this.#last
  }

  async start(intervalMs = 1_000): Promise<void> {
    await this.refresh()
    this.#timer = setInterval(() => void this.refresh(), intervalMs)
  }

  /** A log that does not answer leaves the last answer as it is; the consumer says that the log is away. */
  async refresh(): Promise<Lag> {
    this.#last = await this.#read().catch(() => this.#last)
    return this.#last
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
