import type { ConsumerStatus } from '../../consumer/status.ts'
import { age, count, duration, rate } from '../../observe/words.ts'
import type { ProducerStatus } from '../../producer/status.ts'

/** What is known of the whole system at a moment. */
export interface Snapshot {
  readonly nowMs: number
  readonly producerUrl: string | undefined
  readonly consumerUrl: string | undefined
  readonly storeUrl: string
  readonly producer: ProducerStatus | undefined
  readonly consumer: ConsumerStatus | undefined
  /** Messages a second since the last snapshot. */
  readonly sentPerSecond: number
  readonly processedPerSecond: number
}

/** The few lines that a person at a terminal sees while the system runs. */
export function summary(snapshot: Snapshot): string {
  const { producer, consumer, nowMs } = snapshot
  const lines = [
    'Millrace runs. Ctrl-C ends it.',
    '',
    `  producer    ${where(snapshot.producerUrl)}${producer ? producerLine(producer, snapshot.sentPerSecond) : ''}`,
    `  consumer    ${where(snapshot.consumerUrl)}${consumer ? consumerLine(consumer, snapshot.processedPerSecond) : ''}`,
    `  ClickHouse  ${snapshot.storeUrl}`,
    '',
    `  Dashboard   ${snapshot.consumerUrl ?? 'starting …'}`,
  ]
  if (consumer?.fresh_as_of) {
    lines.push(
      `  Aggregates fresh as of ${age(nowMs - Date.parse(consumer.fresh_as_of))}: ${snapshot.consumerUrl}/query/aggregates?hours=1`,
    )
  }
  for (const trouble of [...(producer?.troubles ?? []), ...(consumer?.troubles ?? [])])
    lines.push(`  ! ${trouble}`)
  return lines.join('\n')
}

function where(url: string | undefined): string {
  return (url ?? 'starting …').padEnd(24)
}

function producerLine(producer: ProducerStatus, perSecond: number): string {
  const lost = producer.dropped + producer.failed
  return ` ${rate(perSecond)}, ${count(producer.sent)} sent, ${paceOf(producer)}${lost > 0 ? `, ${count(producer.dropped)} dropped, ${count(producer.failed)} failed` : ''}`
}

function consumerLine(consumer: ConsumerStatus, perSecond: number): string {
  const lag =
    consumer.lag === 0 ? 'no lag' : `lag ${count(consumer.lag)} (${duration(consumer.lag_seconds * 1_000)})`
  return ` ${rate(perSecond)}, ${count(consumer.valid)} valid, ${count(consumer.invalid)} invalid, ${lag}`
}

/** Its mode, or that it is paused. */
export function paceOf(producer: Pick<ProducerStatus, 'generating' | 'mode'>): string {
  return producer.generating ? producer.mode : 'paused'
}
