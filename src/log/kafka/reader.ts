import type { Broker, ConnectionPool } from '@platformatic/kafka'
import type { MillraceError } from '../../errors.ts'
import { publish } from '../../observe/events.ts'
import type { Fetched, FetchLimit, Gap, LogReader, Position } from '../port.ts'
import { nextOffset, type RecordBatch } from '../record-batch.ts'
import { type Answer, Fetcher } from './fetcher.ts'
import { Holding } from './holding.ts'
import { type LeftAt, LeftBehind } from './left-behind.ts'
import { GroupMember } from './member.ts'
import type { KafkaLogOptions } from './options.ts'
import type { KafkaTopic } from './topic.ts'
import { Unpacker } from './unpacker.ts'
import { Waker } from './waker.ts'

declare module '../../observe/events.ts' {
  interface Happenings {
    /** The brokers gave this process other partitions. */
    'kafka:assigned': { group: string; partitions: readonly number[] }
    /** Written to the store, not committed: the partitions are another process's by now, and it reads the records again. */
    'kafka:commit-dropped': { group: string; positions: readonly Position[] }
  }
}

/** So much may be fetched and not handed out before no more is asked for, in bytes. */
const BUFFER_BYTES = 32 * 2 ** 20

/** How long a broker waits for records, in milliseconds. */
const POLL_MS = 500

/**
 * Reads a topic as a member of a consumer group. A broker is asked for partitions of which nothing is left, while the caller
 * is busy with what it took: one request a broker at a time, and none when the caller takes nothing.
 */
export class KafkaReader implements LogReader {
  readonly #topic: KafkaTopic
  readonly #group: string
  readonly #member: GroupMember
  readonly #connections: ConnectionPool
  readonly #unpacker = new Unpacker()
  readonly #fetcher: Fetcher
  readonly #onClose: () => void
  readonly #changes = new Waker()
  readonly #holdings = new Map<number, Holding>()
  /** Partitions that were taken away once: what was read before may be committed no more. */
  readonly #lostOnce = new Set<number>()
  readonly #left = new LeftBehind()
  /** Brokers with a request under way, by address. */
  readonly #asked = new Set<string>()
  #topicId: string
  #leadersAreStale = false
  #failure: unknown
  #gaps: Gap[] = []
  /** Whose turn it is to come first. */
  #first = 0
  #closed = false

  constructor(
    of: { topic: KafkaTopic; options: KafkaLogOptions; group: string; connections: ConnectionPool },
    onClose: () => void,
  ) {
    this.#topic = of.topic
    this.#topicId = of.topic.id
    this.#group = of.group
    this.#connections = of.connections
    this.#fetcher = new Fetcher(of.topic, of.connections, this.#unpacker)
    this.#member = new GroupMember(of.options, of.group, () => this.#changes.wake())
    this.#onClose = onClose
  }

  /**
   * Joins the group. What may heal is left to the first fetch.
   *
   * @throws MillraceError `log_refused`
   */
  async join(): Promise<void> {
    await this.#member.join().catch((error: MillraceError) => {
      if (error.retryable !== true) throw error
    })
  }

  async fetch(limit: FetchLimit & { maxWaitMs: number }, signal?: AbortSignal): Promise<Fetched> {
    const deadline = performance.now() + limit.maxWaitMs
    for (;;) {
      const changes = this.#changes.count
      if (this.#closed) return { batches: [], gaps: [] }
      await this.#prepare()
      this.#ask()
      const batches = this.#take(limit)
      // Also when nothing was taken: what came may have been of aborted transactions, and there is more behind it.
      this.#ask()
      const leftMs = deadline - performance.now()
      if (batches.length > 0 || this.#gaps.length > 0) {
        const gaps = this.#gaps
        this.#gaps = []
        return { batches, gaps }
      }
      this.#throwFailure()
      await this.#commitBeyondRecords()
      if (leftMs <= 0 || signal?.aborted) return { batches: [], gaps: [] }
      await this.#changes.since(changes, leftMs, signal)
    }
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#dropLost()
    const kept = positions.filter((position) => this.#isOurs(position))
    if (kept.length < positions.length) {
      const dropped = positions.filter((position) => !kept.includes(position))
      publish('kafka:commit-dropped', { group: this.#group, positions: dropped })
    }
    await this.#commit(
      kept.map(({ partition, offset }) => ({
        partition,
        offset: this.#holdings.get(partition)!.commitFor(offset),
      })),
    )
  }

  assignments(): readonly number[] {
    return [...this.#member.owned().keys()].sort((a, b) => a - b)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#changes.wake()
    await this.#member.leave()
    await this.#connections.close()
    await this.#unpacker.close()
    this.#onClose()
  }

  /** Sees to it that we are a member, that the leaders are known, and that we know where to read each partition. */
  async #prepare(): Promise<void> {
    await this.#member.join()
    const isToBeAsked = this.#left.isToBeAsked
    if (this.#leadersAreStale || isToBeAsked) {
      await this.#topic.refresh()
      this.#leadersAreStale = false
    }
    if (this.#topic.id !== this.#topicId) {
      await this.#beginAgain(this.#topic.id)
    } else if (isToBeAsked) {
      this.#left.clear()
    }
    this.#dropLost()
    const owned = this.#member.owned()
    const missing = [...owned.keys()].filter((partition) => !this.#holdings.has(partition))
    if (missing.length === 0) return
    if (missing.some((partition) => partition >= this.#topic.partitions)) await this.#topic.refresh()
    await this.#beginReading(missing, new Map(owned))
  }

  /** Reads new partitions from where the group is; from the earliest record where it is nowhere. */
  async #beginReading(partitions: readonly number[], ownerships: ReadonlyMap<number, number>): Promise<void> {
    const committed = await this.#topic.committed(this.#group, [...partitions])
    const starts = new Map(committed.map(({ partition, offset }) => [partition, offset]))
    const fresh = partitions.filter((partition) => !starts.has(partition))
    if (fresh.length > 0) {
      for (const { partition, earliest } of await this.#topic.bounds(fresh)) starts.set(partition, earliest)
    }
    for (const [partition, start] of starts) {
      // Meanwhile it may have been taken away again.
      if (this.#member.owned().get(partition) !== ownerships.get(partition)) continue
      this.#holdings.set(partition, new Holding(partition, ownerships.get(partition)!, start))
    }
    publish('kafka:assigned', { group: this.#group, partitions: this.assignments() })
  }

  /** The topic was removed and made again: nothing that we hold, and no position, is of this one. */
  async #beginAgain(topicId: string): Promise<void> {
    const bounds = await this.#topic.bounds()
    const former = [...this.#holdings.values()]
    this.#gaps.push(
      ...this.#left.gaps(
        former.map((holding) => this.#leftAt(holding)),
        bounds,
      ),
    )
    this.#left.clear()
    this.#holdings.clear()
    for (const { partition, ownership } of former) {
      this.#lostOnce.add(partition)
      const found = bounds.find((each) => each.partition === partition)
      if (found) this.#holdings.set(partition, new Holding(partition, ownership, found.earliest))
    }
    this.#topicId = topicId
  }

  /** Whoever asks for the lag may know of more than we have fetched. */
  #leftAt({ partition, offset, end }: Holding): LeftAt {
    return { partition, offset, end: Math.max(end, this.#topic.knownEnd(this.#topicId, partition)) }
  }

  /** Forgets partitions that are another's now, or were for a while. */
  #dropLost(): void {
    const owned = this.#member.owned()
    for (const [partition, holding] of this.#holdings) {
      if (owned.get(partition) === holding.ownership) continue
      this.#left.add(this.#leftAt(holding))
      this.#holdings.delete(partition)
      this.#lostOnce.add(partition)
    }
  }

  /** Whether what was read up to this position was read under the present ownership. */
  #isOurs({ partition, offset }: Position): boolean {
    const holding = this.#holdings.get(partition)
    if (!holding) return false
    if (!this.#lostOnce.has(partition)) return true
    return offset > holding.start && offset <= holding.offset
  }

  async #commit(positions: readonly Position[]): Promise<void> {
    if (positions.length === 0) return
    await this.#member.commit(positions, this.#topicId)
    for (const { partition, offset } of positions) this.#holdings.get(partition)?.committed(offset)
  }

  async #commitBeyondRecords(): Promise<void> {
    const positions: Position[] = []
    for (const { partition, beyondRecords } of this.#holdings.values()) {
      if (beyondRecords !== undefined) positions.push({ partition, offset: beyondRecords })
    }
    await this.#commit(positions)
  }

  /** Each partition gets an equal share of what those before it have left. */
  #take(limit: FetchLimit): RecordBatch[] {
    const filled = this.#inTurn().filter(({ chunk }) => chunk)
    const batches: RecordBatch[] = []
    let records = limit.maxRecords
    let bytes = limit.maxBytes
    filled.forEach((holding, i) => {
      const others = filled.length - i
      let shareRecords = Math.ceil(records / others)
      let shareBytes = Math.ceil(bytes / others)
      while (shareRecords > 0 && shareBytes > 0) {
        const batch = takeFrom(holding, shareRecords, shareBytes)
        if (!batch) break
        const size = sizeOf(batch)
        batches.push(batch)
        shareRecords -= batch.length
        shareBytes -= size
        records -= batch.length
        bytes -= size
      }
    })
    this.#first += 1
    return batches
  }

  #inTurn(): Holding[] {
    const holdings = [...this.#holdings.values()]
    const first = holdings.length === 0 ? 0 : this.#first % holdings.length
    return [...holdings.slice(first), ...holdings.slice(0, first)]
  }

  /** Asks each broker that is not asked yet for the partitions of which nothing is left. */
  #ask(): void {
    if (this.#closed || this.#leadersAreStale) return
    const holdings = this.#inTurn()
    const buffered = holdings.reduce((sum, { chunk }) => sum + (chunk?.bytes ?? 0), 0)
    if (buffered > BUFFER_BYTES) return
    const wanted = new Map<Broker, Holding[]>()
    for (const holding of holdings) {
      const leader = this.#topic.leaderOf(holding.partition)
      if (!leader) {
        this.#leadersAreStale = true
        continue
      }
      if (holding.chunk || holding.isFetching || this.#asked.has(addressOf(leader))) continue
      const of = wanted.get(leader) ?? []
      wanted.set(leader, of)
      of.push(holding)
    }
    for (const [leader, of] of wanted) {
      const address = addressOf(leader)
      // While there is something to take, nobody waits: else a partition that is emptied next would have to wait as well.
      const busy = holdings.some(
        ({ partition, chunk }) => chunk && addressOf(this.#topic.leaderOf(partition)) === address,
      )
      void this.#askOne(leader, of, busy ? 0 : POLL_MS)
    }
  }

  async #askOne(leader: Broker, holdings: readonly Holding[], maxWaitMs: number): Promise<void> {
    const address = addressOf(leader)
    this.#asked.add(address)
    for (const holding of holdings) holding.isFetching = true
    try {
      const answers = await this.#fetcher.fetch(leader, holdings, { maxWaitMs })
      for (const answer of answers) await this.#receive(holdings, answer)
    } catch (error) {
      this.#leadersAreStale = true
      this.#failure ??= error
    } finally {
      this.#asked.delete(address)
      for (const holding of holdings) holding.isFetching = false
      this.#changes.wake()
    }
  }

  async #receive(asked: readonly Holding[], answer: Answer): Promise<void> {
    const holding = asked.find(({ partition }) => partition === answer.partition)
    if (!holding || this.#holdings.get(answer.partition) !== holding) return
    switch (answer.kind) {
      case 'chunk':
        holding.end = answer.end
        if (answer.chunk.bytes > 0) holding.chunk = answer.chunk
        return
      case 'stale':
        this.#leadersAreStale = true
        this.#failure ??= answer.error
        return
      case 'out-of-range': {
        const { partition, offset } = holding
        const [bounds] = await this.#topic.bounds([partition])
        const resumedAt = bounds!.earliest
        this.#gaps.push({ partition, expected: offset, resumedAt })
        holding.jump(resumedAt)
      }
    }
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined && !this.#closed) throw failure
  }
}

/** Takes records of a partition; undefined when nothing is left. */
function takeFrom(holding: Holding, maxRecords: number, maxBytes: number): RecordBatch | undefined {
  const { chunk } = holding
  if (!chunk) return undefined
  const batch = chunk.take(maxRecords, maxBytes)
  holding.offset = Math.max(holding.offset, chunk.next)
  if (batch) {
    holding.handOut(nextOffset(batch))
    return batch
  }
  holding.chunk = undefined
  return undefined
}

/** The bytes of the records themselves: `bytes` of a batch may hold others too. */
function sizeOf({ keys, values, length }: RecordBatch): number {
  let size = 0
  for (let i = 0; i < 2 * length; i += 2) {
    size += keys[i + 1]! - keys[i]! + values[i + 1]! - values[i]!
  }
  return size
}

function addressOf(broker: Broker | undefined): string {
  return broker ? `${broker.host}:${broker.port}` : ''
}
