import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publish } from '../../src/observe/events.ts'
import { consumerMetrics, type Metrics, producerMetrics } from '../../src/observe/metrics.ts'
import { linesOfPoints, linesOfText } from './metric-lines.ts'
import { telemetryOf } from './process.ts'

test('what is sent is what /metrics shows: names, labels, values, buckets', async (t) => {
  const metrics = consumerMetrics({
    lagMessages: () => 7,
    partitionLags: () => [{ partition: 3, lag: 2 }],
    lagSeconds: () => 1.5,
    freshnessSeconds: () => 0.4,
    staleWindows: () => 2,
    storeAwaySeconds: () => 12,
    logAwaySeconds: () => 0,
  })
  publish('consumer:processed', {
    messages: 9,
    valid: 6,
    invalid: { broken_json: 2, empty_page_id: 1 },
    repeats: 0,
    conflicts: 1,
    ms: 4,
  })
  for (const ms of [0.5, 3, 20_000, 25]) {
    publish('store:inserted', { table: 'page_views_raw', rows: 10, bytes: 100, ms })
    publish('store:inserted', { table: 'processing_errors', rows: 1, bytes: 100, ms: 1 })
    publish('rollup:ran', { level: 'minute', windows: 2, ms })
  }
  publish('consumer:clocks', { eventAheadMs: Float64Array.of(-5e9, -20, 400, 9e8), appendAheadMs: 30 })
  assert.equal(await sent(t, metrics), await shown(metrics))
})

test('units are those of the names', async (t) => {
  const metrics = producerMetrics({ bufferUsed: () => 3, bufferSize: () => 10, rate: () => 2.5 })
  publish('producer:sent', { strategy: 'batch', records: 4, bytes: 900, repeats: 1, invalid: 2, ms: 12 })
  const { receiver, telemetry } = await telemetryOf(t, optionsFor(metrics))
  await telemetry.close(60_000)
  const points = receiver.points.get('millrace-consumer')!
  const units = (word: RegExp): Set<string> =>
    new Set(points.filter(({ name }) => word.test(name)).map(({ unit }) => unit))
  assert.deepEqual(units(/_seconds(_total)?$/), new Set(['s']))
  assert.deepEqual(units(/_bytes(_total)?$/), new Set(['By']))
  assert.deepEqual(units(/^millrace_(events|messages)_\w+(?<!bytes)_total$/), new Set(['']))
  const { help } = points.find(({ name }) => name === 'millrace_messages_sent_total')!
  assert.equal(help, 'Messages acknowledged by the log')
})

/** As one text, so that a difference is shown where it is. What the process itself does goes on meanwhile. */
async function sent(t: Parameters<typeof telemetryOf>[0], metrics: Metrics): Promise<string> {
  const { receiver, telemetry } = await telemetryOf(t, optionsFor(metrics))
  await telemetry.close(60_000)
  return asText(linesOfPoints(receiver.points.get('millrace-consumer') ?? []))
}

async function shown(metrics: Metrics): Promise<string> {
  const lines = asText(linesOfText((await metrics.text()).body))
  assert.match(lines, /^millrace_event_ahead_seconds_bucket\{le="\+Inf",service="consumer"\} 4$/m)
  return lines
}

function asText(lines: ReadonlyMap<string, number>): string {
  const own = [...lines].filter(([name]) => name.startsWith('millrace_'))
  return own
    .map(([name, value]) => `${name} ${value}`)
    .sort()
    .join('\n')
}

function optionsFor(metrics: Metrics): NonNullable<Parameters<typeof telemetryOf>[1]> {
  return {
    settings: { traces: false, metrics: true, metricIntervalMs: 60_000, metricTimeoutMs: 30_000 },
    families: () => metrics.families(),
  }
}
