import type { Config } from '../../config/config.ts'
import type { ConsumerStatus } from '../../consumer/status.ts'
import { Latest } from '../../dashboard/latest.ts'
import type { ProducerView } from '../../dashboard/producer-client.ts'
import { messageOf } from '../../errors.ts'
import type { ErrorAnswer } from '../../http/http-error.ts'
import { isRefused, type ServiceView } from '../../http/service-client.ts'
import { RateMeter } from '../../observe/rate-meter.ts'
import type { ProducerStatus } from '../../producer/status.ts'
import type { AggregatesAnswer } from '../../store/aggregates.ts'
import { findStore } from '../compose.ts'
import { consumerClient, producerClient } from '../service-clients.ts'
import { type Part, RATES, type Rates, snapshotOf, type TopPages, type TopSnapshot } from './snapshot.ts'

/** Of which pages are shown. */
export const TOP_MINUTES = 5
const MOST_PAGES = 50
/** A snapshot waits no longer for pages or ClickHouse; it has what was known before. */
const PATIENCE_MS = 700
const PAGES_TIMEOUT_MS = 10_000
const REFUSED_PAUSE_MS = 10_000
const NO_PAGES = { value: undefined, problem: null }

/** What is counted, by the rate that it becomes: when it was read, and undefined when it was not. */
type Totals = Record<keyof Rates, [atMs: number, total: number | undefined]>

/** Reads the state of the system over HTTP, again and again. A part that is away is a part of the answer, and never an error. */
export class TopReader {
  readonly #config: Config
  readonly #meters = new Map(RATES.map((name) => [name, new RateMeter()]))
  readonly #producer = new Polite<ProducerView>()
  readonly #consumer = new Polite<ServiceView<ConsumerStatus>>()
  readonly #pages: Latest<TopPages>
  readonly #store: Latest<Part>

  constructor(config: Config) {
    this.#config = config
    this.#pages = new Latest(() => readPages(config))
    this.#store = new Latest(() => askStore(config))
  }

  async take(): Promise<TopSnapshot> {
    const config = this.#config
    const [made, read, top] = await Promise.all([
      timed(this.#producer.view(() => producerClient(config).view())),
      timed(this.#consumer.view(() => consumerClient(config).view())),
      this.#consumer.isRefused ? NO_PAGES : this.#pages.within(PATIENCE_MS),
    ])
    const [producer, consumer] = [made.answer, read.answer]
    const store = consumer.status === null ? await this.#store.within(PATIENCE_MS) : undefined
    const totals: Totals = { ...madeBy(producer.status, made.atMs), ...readBy(consumer.status, read.atMs) }
    const rates = RATES.map((name) => {
      const [atMs, total] = totals[name]
      return [name, this.#meters.get(name)!.add(atMs, total)] as const
    })
    return snapshotOf({
      nowMs: Date.now(),
      producer,
      consumer,
      log: config.kafkaBrokers === '' ? 'embedded' : config.kafkaBrokers,
      store: store?.value ?? null,
      top,
      rates: Object.fromEntries(rates) as Rates,
    })
  }
}

/** Asks a service that does not take the token only now and then: others at this address would be refused, too, in the end. */
class Polite<View extends ServiceView<unknown>> {
  #refused: { readonly view: View; readonly untilMs: number } | undefined

  get isRefused(): boolean {
    return this.#refused !== undefined
  }

  async view(ask: () => Promise<View>): Promise<View> {
    if (this.#refused && performance.now() < this.#refused.untilMs) return this.#refused.view
    const view = await ask()
    this.#refused = isRefused(view) ? { view, untilMs: performance.now() + REFUSED_PAUSE_MS } : undefined
    return view
  }
}

/** One service may answer at once and the other not at all: each total belongs to the moment of its own answer. */
async function timed<T>(asking: Promise<T>): Promise<{ answer: T; atMs: number }> {
  const answer = await asking
  return { answer, atMs: Date.now() }
}

function madeBy(
  status: ProducerStatus | null,
  atMs: number,
): Pick<Totals, 'generated' | 'sent' | 'failed' | 'dropped'> {
  return {
    generated: [atMs, status?.generated],
    sent: [atMs, status?.sent],
    failed: [atMs, status?.failed],
    dropped: [atMs, status?.dropped],
  }
}

function readBy(
  status: ConsumerStatus | null,
  atMs: number,
): Pick<Totals, 'consumed' | 'written' | 'rejected' | 'lost'> {
  return {
    consumed: [atMs, status?.processed],
    written: [atMs, writtenOf(status)],
    rejected: [atMs, status?.invalid],
    lost: [atMs, status?.lost],
  }
}

/** What is committed has been written. This is of all consumers of the group; undefined until the log was asked. */
function writtenOf(consumer: ConsumerStatus | null): number | undefined {
  if (consumer === null || consumer.partitions.length === 0) return undefined
  return consumer.partitions.reduce((sum, { committed }) => sum + committed, 0)
}

async function readPages(config: Config): Promise<TopPages> {
  const from = new Date(Date.now() - TOP_MINUTES * 60_000).toISOString()
  const { status, body } = await consumerClient(config, PAGES_TIMEOUT_MS).ask(
    `/query/aggregates?${new URLSearchParams({ from, resolution: 'minute', limit: String(MOST_PAGES) })}`,
  )
  if (status !== 200) throw new Error((body as ErrorAnswer | undefined)?.error?.message ?? `status ${status}`)
  const { from: start, to, pages_total, pages } = body as AggregatesAnswer
  return { from: start, to, pages_total, pages }
}

/** Asks ClickHouse itself, while there is no consumer that knows. */
async function askStore(config: Config): Promise<Part> {
  const named = config.clickhouseUrl === '' ? null : config.clickhouseUrl
  try {
    await using store = await findStore(config)
    if (store === undefined) {
      return { state: 'away', where: null, problem: `No local ClickHouse server runs on ${config.dataDir}.` }
    }
    await store.db.query('SELECT 1', { signal: AbortSignal.timeout(PAGES_TIMEOUT_MS) })
    return { state: 'up', where: store.url(), problem: null }
  } catch (error) {
    return { state: 'away', where: named, problem: messageOf(error) }
  }
}
