import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client'
import { BulkHistogram } from './bulk-histogram.ts'
import { listen } from './events.ts'
import { LargestOfLate } from './largest-of-late.ts'

/** From a millisecond to ten seconds. */
const LATENCIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Finer where it matters whether an aggregate is fresh. */
const VISIBLE = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1, 1.5, 2, 3, 5, 10, 30]
/** Events late by up to a month, and ahead by up to a day. */
const AHEAD = [
  -2_592_000, -604_800, -86_400, -3_600, -300, -60, -10, -1, -0.1, 0, 0.1, 1, 10, 60, 300, 3_600, 86_400,
]
const SIZES = [1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 250_000, 500_000]

/** One metric with everything that it counts, as the registry has it. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly MetricLine[]
}

/** A line of /metrics. */
export interface MetricLine {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** What the line is called, where a family has several: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string
}

/** A service's metrics. Names: `millrace_<noun>_<verb>_total`, and base units: `_seconds`, `_bytes`. */
export class Metrics {
  readonly #registry = new Registry()

  /** @param service its name, a label of every metric */
  constructor(service: string) {
    this.#registry.setDefaultLabels({ service })
    collectDefaultMetrics({ register: this.#registry })
  }

  counter(name: string, help: string, labelNames: string[] = []): Counter<string> {
    return new Counter({ name: `millrace_${name}`, help, labelNames, registers: [this.#registry] })
  }

  histogram(name: string, help: string, labelNames: string[] = [], buckets = LATENCIES): Histogram<string> {
    return new Histogram({ name: `millrace_${name}`, help, labelNames, buckets, registers: [this.#registry] })
  }

  /** For values that come by the thousand. */
  bulkHistogram(name: string, help: string, buckets: readonly number[]): BulkHistogram {
    const histogram = new BulkHistogram(`millrace_${name}`, help, buckets)
    this.#registry.registerMetric(histogram as unknown as Metric)
    return histogram
  }

  /** A number that is asked for whenever somebody looks. */
  gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name: `millrace_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value())
      },
    })
  }

  /** Numbers that are asked for whenever somebody looks, by a label whose values come and go. */
  gaugeBy(
    name: string,
    help: string,
    label: string,
    values: () => Iterable<readonly [string, number]>,
  ): void {
    new Gauge({
      name: `millrace_${name}`,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [of, value] of values()) this.set({ [label]: of }, value)
      },
    })
  }

  /** Everything, for those who write it in another format. */
  async families(): Promise<readonly MetricFamily[]> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as MetricFamily[]
  }

  /** Everything, in the text format of Prometheus. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }
}

export interface ProducerGauges {
  readonly bufferUsed: () => number
  readonly bufferSize: () => number
  readonly rate: () => number
}

/** What the producer shows at /metrics. */
export function producerMetrics(gauges: ProducerGauges): Metrics {
  const metrics = new Metrics('producer')
  const generated = metrics.counter('events_generated_total', 'Events made by the generator')
  const sent = metrics.counter('messages_sent_total', 'Messages acknowledged by the log', ['strategy'])
  const sentBytes = metrics.counter('messages_sent_bytes_total', 'Their keys and values')
  const repeats = metrics.counter('repeats_sent_total', 'Of them repeats, on purpose')
  const invalid = metrics.counter('invalid_sent_total', 'Of them no page views, on purpose')
  const failed = metrics.counter('messages_failed_total', 'Messages given up, kept in the failed-events file')
  const retries = metrics.counter('sends_retried_total', 'Appends that were tried again')
  const dropped = metrics.counter('events_dropped_total', 'Events that were due while the buffer was full')
  const expired = metrics.counter(
    'log_records_expired_total',
    'Records removed from the embedded log by retention',
  )
  const latency = metrics.histogram('send_latency_seconds', 'From sending to the acknowledgement', [
    'strategy',
  ])
  metrics.gauge('buffer_used_events', 'Events that wait to be sent', gauges.bufferUsed)
  metrics.gauge('buffer_size_events', 'How many may wait', gauges.bufferSize)
  metrics.gauge('generator_rate_events_per_second', 'The rate that is asked for now', gauges.rate)

  listen('producer:generated', ({ events }) => generated.inc(events))
  listen('producer:sent', (batch) => {
    sent.inc({ strategy: batch.strategy }, batch.records)
    sentBytes.inc(batch.bytes)
    repeats.inc(batch.repeats)
    invalid.inc(batch.invalid)
    latency.observe({ strategy: batch.strategy }, batch.ms / 1_000)
  })
  listen('producer:failed', ({ records }) => failed.inc(records))
  listen('producer:retried', () => retries.inc())
  listen('producer:dropped', ({ events }) => dropped.inc(events))
  listen('log:expired', ({ records }) => expired.inc(records))
  return metrics
}

export interface ConsumerGauges {
  readonly lagMessages: () => number
  /** Of the partitions that this consumer reads. */
  readonly partitionLags: () => readonly { readonly partition: number; readonly lag: number }[]
  readonly lagSeconds: () => number
  /** How old the aggregates are, in seconds. */
  readonly freshnessSeconds: () => number
  readonly staleWindows: () => number
  /** For how long the store has not answered, in seconds; 0 when it does. */
  readonly storeAwaySeconds: () => number
  readonly logAwaySeconds: () => number
}

/** What the consumer shows at /metrics. */
export function consumerMetrics(gauges: ConsumerGauges): Metrics {
  const metrics = new Metrics('consumer')
  const consumed = metrics.counter('messages_consumed_total', 'Messages read from the log')
  const valid = metrics.counter('events_accepted_total', 'Of them page views')
  const invalid = metrics.counter('messages_rejected_total', 'Of them rejected into processing_errors', [
    'reason',
  ])
  const repeats = metrics.counter('repeats_dropped_total', 'Of them repeats of recent messages')
  const conflicts = metrics.counter('conflicts_seen_total', 'A recent key with another payload')
  const lost = metrics.counter('messages_lost_total', 'Messages gone from the log before they were read')
  const gaps = metrics.counter('log_gaps_total', 'Times that the log did not have what was to be read next')
  const away = metrics.counter('retries_total', 'Requests that were tried again', ['dependency'])
  for (const dependency of ['store', 'log']) away.inc({ dependency }, 0)
  const rows = metrics.counter('rows_inserted_total', 'Rows acknowledged by ClickHouse', ['table'])
  const failedRollUps = metrics.counter('rollups_failed_total', 'Runs of the roll-up that ended early')
  const windows = metrics.counter('windows_computed_total', 'Windows that were brought up to date', ['level'])
  const batch = metrics.histogram('batch_size_messages', 'Messages of a batch', [], SIZES)
  const process = metrics.histogram(
    'process_duration_seconds',
    'Decoding and checking what one fetch brought',
  )
  const write = metrics.histogram('write_latency_seconds', 'Writing a batch to ClickHouse')
  const insert = metrics.histogram('insert_latency_seconds', 'One insert', ['table'])
  const commit = metrics.histogram('commit_latency_seconds', 'Committing the positions of a batch')
  const rollUp = metrics.histogram('rollup_duration_seconds', 'Computing the stale windows of a level', [
    'level',
  ])
  const visible = metrics.histogram(
    'visible_latency_seconds',
    'From the log to the minute aggregates, for the oldest message of a batch',
    [],
    VISIBLE,
  )
  const eventAhead = metrics.bulkHistogram(
    'event_ahead_seconds',
    'Event time less the time of the append: below zero the event was late, above it came from the future',
    AHEAD,
  )
  const appendAhead = new LargestOfLate(60_000, () => performance.now())
  metrics.gauge(
    'sender_clock_ahead_seconds',
    'How far a sender was ahead of the clock here when it appended, the most within a minute',
    () => appendAhead.value / 1_000,
  )
  metrics.gauge('consumer_lag_messages', 'Messages in the log that are not committed', gauges.lagMessages)
  metrics.gaugeBy(
    'consumer_partition_lag_messages',
    'The same by partition, of those that this consumer reads',
    'partition',
    () => gauges.partitionLags().map(({ partition, lag }) => [String(partition), lag] as const),
  )
  metrics.gauge('consumer_lag_seconds', 'How long the oldest of them has been there', gauges.lagSeconds)
  metrics.gauge('aggregates_age_seconds', 'How old the minute aggregates are', gauges.freshnessSeconds)
  metrics.gauge('stale_windows', 'Windows that have changed and are not computed yet', gauges.staleWindows)
  metrics.gauge(
    'store_away_seconds',
    'How long ClickHouse has not answered; 0: it does',
    gauges.storeAwaySeconds,
  )
  metrics.gauge(
    'log_away_seconds',
    'How long the event log has not answered; 0: it does',
    gauges.logAwaySeconds,
  )

  listen('consumer:processed', (done) => {
    consumed.inc(done.messages)
    valid.inc(done.valid)
    repeats.inc(done.repeats)
    conflicts.inc(done.conflicts)
    for (const [reason, n] of Object.entries(done.invalid)) invalid.inc({ reason }, n)
    process.observe(done.ms / 1_000)
  })
  listen('consumer:clocks', ({ eventAheadMs, appendAheadMs }) => {
    eventAhead.observeAll(eventAheadMs, 1 / 1_000)
    appendAhead.see(appendAheadMs)
  })
  listen('consumer:flushed', ({ messages, writeMs, commitMs }) => {
    batch.observe(messages)
    write.observe(writeMs / 1_000)
    commit.observe(commitMs / 1_000)
  })
  listen('consumer:gap', ({ expected, resumedAt, formerEnd = resumedAt }) => {
    gaps.inc()
    lost.inc(Math.max(0, formerEnd - expected))
  })
  listen('consumer:away', ({ what }) => away.inc({ dependency: what }))
  listen('consumer:visible', ({ ms }) => visible.observe(Math.max(0, ms) / 1_000))
  listen('store:inserted', ({ table, rows: n, ms }) => {
    rows.inc({ table }, n)
    insert.observe({ table }, ms / 1_000)
  })
  listen('rollup:ran', ({ level, windows: n, ms }) => {
    windows.inc({ level }, n)
    rollUp.observe({ level }, ms / 1_000)
  })
  listen('rollup:failed', () => failedRollUps.inc())
  return metrics
}
