import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publish } from '../../src/observe/events.ts'
import { consumerMetrics, producerMetrics } from '../../src/observe/metrics.ts'
import { addServiceGauges } from '../../src/observe/service-gauges.ts'

const producer = producerMetrics({ bufferUsed: () => 3, bufferSize: () => 10, rate: () => 2.5 })
let partitionLags = [
  { partition: 0, lag: 5 },
  { partition: 3, lag: 2 },
]
const consumer = consumerMetrics({
  lagMessages: () => 7,
  partitionLags: () => partitionLags,
  lagSeconds: () => 1.5,
  freshnessSeconds: () => 0.4,
  staleWindows: () => 2,
  storeAwaySeconds: () => 12,
  logAwaySeconds: () => 0,
})

async function shownAs(metrics: typeof producer, line: RegExp): Promise<number> {
  const { body } = await metrics.text()
  const match = new RegExp(`^${line.source} (\\S+)$`, 'm').exec(body)
  assert.ok(match, `${line.source} is not in ${body}`)
  return Number(match[1])
}

test('what happens in the producer moves its metrics', async () => {
  publish('producer:generated', { events: 5 })
  publish('producer:sent', { strategy: 'batch', records: 4, bytes: 900, repeats: 1, invalid: 2, ms: 12 })
  publish('producer:failed', { records: 1, message: 'away', ms: 10 })
  publish('producer:retried', { records: 1, attempt: 1, pauseMs: 5, message: 'away' })
  publish('producer:dropped', { events: 6 })
  const expected: [RegExp, number][] = [
    [/millrace_events_generated_total\{service="producer"\}/, 5],
    [/millrace_messages_sent_total\{.*strategy="batch".*\}/, 4],
    [/millrace_messages_sent_bytes_total\{.*\}/, 900],
    [/millrace_repeats_sent_total\{.*\}/, 1],
    [/millrace_invalid_sent_total\{.*\}/, 2],
    [/millrace_messages_failed_total\{.*\}/, 1],
    [/millrace_sends_retried_total\{.*\}/, 1],
    [/millrace_events_dropped_total\{.*\}/, 6],
    [/millrace_send_latency_seconds_sum\{.*\}/, 0.012],
    [/millrace_buffer_used_events\{.*\}/, 3],
  ]
  for (const [line, value] of expected) assert.equal(await shownAs(producer, line), value, line.source)
})

test('what happens in the consumer moves its metrics', async () => {
  publish('consumer:processed', {
    messages: 9,
    valid: 6,
    invalid: { broken_json: 2 },
    repeats: 1,
    conflicts: 1,
    ms: 4,
  })
  publish('consumer:flushed', {
    messages: 9,
    views: 6,
    errors: 2,
    writeMs: 30,
    markMs: 1,
    commitMs: 2,
    oldestAppendedMs: 0,
  })
  publish('consumer:gap', { partition: 0, expected: 5, resumedAt: 8 })
  publish('consumer:visible', { ms: 400 })
  publish('rollup:ran', { level: 'minute', windows: 2, ms: 50 })
  const expected: [RegExp, number][] = [
    [/millrace_messages_consumed_total\{.*\}/, 9],
    [/millrace_messages_rejected_total\{.*reason="broken_json".*\}/, 2],
    [/millrace_repeats_dropped_total\{.*\}/, 1],
    [/millrace_messages_lost_total\{.*\}/, 3],
    [/millrace_batch_size_messages_sum\{.*\}/, 9],
    [/millrace_write_latency_seconds_sum\{.*\}/, 0.03],
    [/millrace_visible_latency_seconds_sum\{.*\}/, 0.4],
    [/millrace_rollup_duration_seconds_sum\{.*level="minute".*\}/, 0.05],
    [/millrace_consumer_lag_messages\{.*\}/, 7],
    [/millrace_consumer_lag_seconds\{.*\}/, 1.5],
    [/millrace_consumer_partition_lag_messages\{.*partition="0".*\}/, 5],
    [/millrace_consumer_partition_lag_messages\{.*partition="3".*\}/, 2],
    [/millrace_store_away_seconds\{.*\}/, 12],
    [/millrace_log_away_seconds\{.*\}/, 0],
  ]
  for (const [line, value] of expected) assert.equal(await shownAs(consumer, line), value, line.source)
})

test('a partition that went to another consumer is no longer shown', async () => {
  partitionLags = [{ partition: 3, lag: 1 }]
  const { body } = await consumer.text()
  const shown = body.match(/^millrace_consumer_partition_lag_messages\{.*$/gm)
  assert.equal(shown?.length, 1)
  assert.match(shown[0]!, /partition="3".* 1$/)
})

test('both services say how they are and how much room they have', async () => {
  let healthy = false
  addServiceGauges(producer, { healthy: () => healthy, dataDir: import.meta.dirname })
  assert.equal(await shownAs(producer, /millrace_service_healthy\{.*\}/), 0)
  healthy = true
  assert.equal(await shownAs(producer, /millrace_service_healthy\{.*\}/), 1)
  const free = await shownAs(producer, /millrace_data_disk_free_bytes\{.*\}/)
  const size = await shownAs(producer, /millrace_data_disk_size_bytes\{.*\}/)
  assert.ok(free >= 0 && size > 0 && free <= size, `${free} of ${size}`)
})

test('names end with what they count, in base units', async () => {
  for (const metrics of [producer, consumer]) {
    const { body } = await metrics.text()
    for (const [, name, type] of body.matchAll(/^# TYPE (millrace_\S+) (\S+)$/gm)) {
      if (type === 'counter') assert.match(name!, /_total$/)
      assert.doesNotMatch(name!, /_(ms|milliseconds|kb|mb)(_|$)/)
    }
  }
})
