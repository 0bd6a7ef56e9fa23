import type { ConsumerStatus } from '../../consumer/status.ts'
import type { ProducerView } from '../../dashboard/producer-client.ts'
import type { ServiceView } from '../../http/service-client.ts'
import type { ProducerStatus } from '../../producer/status.ts'
import type { AggregatesAnswer } from '../../store/aggregates.ts'

/** `trouble`: it runs and says that something is not well; `unknown`: nobody who could tell answers. */
export type PartState = 'up' | 'trouble' | 'away' | 'unknown'

/** A part of the system, as far as anybody knows. */
export interface Part {
  state: PartState
  /** Where it is: an address, or what kind of log it is. Null when that is not known. */
  where: string | null
  /** What is not well, as a sentence; null when nothing is. */
  problem: string | null
}

/** Each a second over the last few seconds; null when not known. */
export type Rates = Record<(typeof RATES)[number], number | null>

export const RATES = [
  'generated',
  'sent',
  'failed',
  'dropped',
  'consumed',
  'written',
  'rejected',
  'lost',
] as const

/** The most viewed pages of the last minutes. */
export type TopPages = Pick<AggregatesAnswer, 'from' | 'to' | 'pages_total' | 'pages'>

/** The whole system at a moment: what `millrace top` shows, and what it prints as JSON. */
export interface TopSnapshot {
  /** ISO 8601, by the clock of this machine. */
  at: string
  producer: Part & { status: ProducerStatus | null }
  log: Part
  consumer: Part & { status: ConsumerStatus | null }
  clickhouse: Part
  rates: Rates
  /** Messages in the log that are not committed; null while the consumer does not tell. */
  lag: { messages: number; seconds: number; partitions: { partition: number; lag: number }[] } | null
  fresh_as_of: string | null
  /** How long ago that was. */
  fresh_seconds: number | null
  /** Null until the consumer has answered once. */
  top: TopPages | null
  /** Why the pages are old or missing; null when they are not. */
  top_problem: string | null
}

/** What was read of the parts at about one moment. */
export interface Reading {
  readonly nowMs: number
  readonly producer: ProducerView
  readonly consumer: ServiceView<ConsumerStatus>
  /** What the settings say of the log: `embedded`, or the brokers. */
  readonly log: string
  /** What ClickHouse itself answered, when it was asked because the consumer does not tell. */
  readonly store: Part | null
  readonly top: { readonly value: TopPages | undefined; readonly problem: string | null }
  readonly rates: Rates
}

/** Puts together what was read. What a service says of the log and of ClickHouse is told of these, and not of the service. */
export function snapshotOf(reading: Reading): TopSnapshot {
  const { nowMs, producer, consumer, rates, top } = reading
  const status = consumer.status
  const troubles = status?.troubles ?? []
  const ofStore = troubles.filter(isOfStore)
  const ofLog = troubles.filter(isOfLog)
  const freshMs = status?.fresh_as_of ? Date.parse(status.fresh_as_of) : null
  return {
    at: new Date(nowMs).toISOString(),
    producer: { ...partOf(producer, []), status: producer.status },
    log: logOf(reading, [...ofLog, ...(producer.status?.troubles ?? [])]),
    consumer: {
      ...partOf(
        consumer,
        troubles.filter((sentence) => !isOfStore(sentence) && !isOfLog(sentence)),
      ),
      status,
    },
    clickhouse: storeOf(reading, ofStore),
    rates,
    lag: status && {
      messages: status.lag,
      seconds: status.lag_seconds,
      partitions: status.partitions.map(({ partition, lag }) => ({ partition, lag })),
    },
    fresh_as_of: status?.fresh_as_of ?? null,
    fresh_seconds: freshMs === null ? null : Math.max(0, nowMs - freshMs) / 1_000,
    top: top.value ?? null,
    top_problem: top.problem,
  }
}

/** How the consumer begins the sentence of what it waits for, and of what ClickHouse did not do. */
const isAway = (sentence: string): boolean => /^The store\b/.test(sentence)
const isOfStore = (sentence: string): boolean => isAway(sentence) || /^The last roll-up\b/.test(sentence)
const isOfLog = (sentence: string): boolean => /^The log\b/.test(sentence)

function partOf({ url, status, problem }: ServiceView<object>, troubles: readonly string[]): Part {
  if (status === null) return { state: 'away', where: url, problem }
  return { state: troubles.length > 0 ? 'trouble' : 'up', where: url, problem: joined(troubles) }
}

function logOf({ log, producer, consumer }: Reading, troubles: readonly string[]): Part {
  if (troubles.length > 0) return { state: 'away', where: log, problem: joined(troubles) }
  if (producer.status ?? consumer.status) return { state: 'up', where: log, problem: null }
  return { state: 'unknown', where: log, problem: 'Neither producer nor consumer is there to tell.' }
}

function storeOf({ consumer: { status }, store, top }: Reading, troubles: readonly string[]): Part {
  if (status === null) return store ?? { state: 'unknown', where: null, problem: null }
  // A consumer that has nothing to write does not notice that ClickHouse is away; whoever asks it a question does.
  const sentences = troubles.length > 0 || top.problem === null ? troubles : [top.problem]
  const state = troubles.some(isAway) ? 'away' : sentences.length > 0 ? 'trouble' : 'up'
  return { state, where: status.store.url, problem: joined(sentences) }
}

function joined(sentences: readonly string[]): string | null {
  return sentences.length === 0 ? null : sentences.join(' ')
}
