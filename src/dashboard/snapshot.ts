import type { ConsumerStatus } from '../consumer/status.ts'
import { RateMeter } from '../observe/rate-meter.ts'
import type { Database } from '../store/database.ts'
import { Latest } from './latest.ts'
import type { ProducerView } from './producer-client.ts'
import { readSeries, type Series, viewsPerSecond } from './series.ts'
import { readTotals, type Totals } from './totals.ts'

/** What the dashboard is told once a second. */
export interface LiveUpdate {
  /** When it was put together, ISO 8601, by the consumer's clock. */
  at: string
  consumer: ConsumerStatus
  producer: ProducerView
  /** Messages a second over the last seconds; null when not known. */
  rates: Record<'sent' | 'processed' | 'invalid' | 'written', number | null>
  /** The last 15 minutes; null until the store has answered once. */
  recent: Recent | null
  /** Why the store does not answer the dashboard; null when it does. */
  store_problem: string | null
}

export interface Recent {
  /** Page views by their own time; null when there is no complete window yet. */
  views_per_second: number | null
  views_per_minute: number | null
  totals: Totals
  series: Series
}

export interface SnapshotSources {
  readonly db: Database
  readonly status: () => Promise<ConsumerStatus>
  readonly producer: () => Promise<ProducerView>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** An update does not wait longer for the producer or the store; it says what was known before. */
const PATIENCE_MS = 700
/** A store that takes longer for this little is as good as away. */
const STORE_TIMEOUT_MS = 5_000

/** Puts updates together from the parts of the system, some of which may be away or slow. */
export class Snapshots {
  readonly #sources: SnapshotSources
  readonly #sent = new RateMeter()
  readonly #processed = new RateMeter()
  readonly #invalid = new RateMeter()
  readonly #written = new RateMeter()
  readonly #producer: Latest<ProducerView>
  readonly #recent: Latest<Recent>
  #freshMs = 0

  constructor(sources: SnapshotSources) {
    this.#sources = sources
    this.#producer = new Latest(() => sources.producer())
    this.#recent = new Latest(() => this.#readRecent())
  }

  async take(): Promise<LiveUpdate> {
    const { status, now } = this.#sources
    const consumer = await status()
    this.#freshMs = consumer.fresh_as_of === null ? 0 : Date.parse(consumer.fresh_as_of)
    const [producer, recent] = await Promise.all([
      this.#producer.within(PATIENCE_MS),
      this.#recent.within(PATIENCE_MS),
    ])
    const atMs = now()
    return {
      at: new Date(atMs).toISOString(),
      consumer,
      producer: producer.value ?? { url: null, status: null, problem: producer.problem },
      rates: {
        sent: this.#sent.add(atMs, producer.value?.status?.sent),
        processed: this.#processed.add(atMs, consumer.processed),
        invalid: this.#invalid.add(atMs, consumer.invalid),
        written: this.#written.add(atMs, consumer.valid),
      },
      recent: recent.value ?? null,
      store_problem: recent.problem,
    }
  }

  async #readRecent(): Promise<Recent> {
    const { db, now } = this.#sources
    const nowMs = now()
    const signal = AbortSignal.timeout(STORE_TIMEOUT_MS)
    const [series, totals] = await Promise.all([
      readSeries(db, '15m', nowMs, this.#freshMs, signal),
      readTotals(db, '15m', nowMs, signal),
    ])
    const perMinute = viewsPerSecond(series, 60_000)
    return {
      views_per_second: viewsPerSecond(series, 10_000),
      views_per_minute: perMinute === null ? null : perMinute * 60,
      totals,
      series,
    }
  }
}
