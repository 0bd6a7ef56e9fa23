import assert from 'node:assert/strict'
import { test } from 'node:test'
import { telemetrySettings } from '../../src/config/telemetry.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }

/** What is set, and which signals are sent then. */
const CASES: readonly [environment: Record<string, string>, traces: boolean, metrics: boolean][] = [
  [{}, false, false],
  [ENDPOINT, true, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false, false],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, true, false],
  [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:4318/v1/metrics' }, false, true],
  [{ OTEL_SERVICE_NAME: 'mine', OTEL_TRACES_EXPORTER: 'otlp' }, false, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, false, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }, true, true],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, false, true],
  [{ ...ENDPOINT, OTEL_METRICS_EXPORTER: 'console, otlp' }, true, true],
  [{ ...ENDPOINT, OTEL_METRICS_EXPORTER: 'prometheus' }, true, false],
]

test('what is sent is decided by the variables of OpenTelemetry', () => {
  for (const [environment, traces, metrics] of CASES) {
    const settings = telemetrySettings(environment)
    assert.deepEqual(
      { traces: settings.traces, metrics: settings.metrics, warnings: settings.warnings },
      { traces, metrics, warnings: [] },
      JSON.stringify(environment),
    )
  }
})

test('a protocol that Millrace does not speak turns its signals off, and is said', () => {
  const all = telemetrySettings({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })
  assert.deepEqual([all.traces, all.metrics], [false, false])
  assert.equal(all.warnings.length, 2)
  assert.match(all.warnings[0]!, /^OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not allowed: give http\/protobuf/)

  const one = telemetrySettings({
    ...ENDPOINT,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
  })
  assert.deepEqual([one.traces, one.metrics], [true, false])
  assert.match(one.warnings.join(), /^OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http\/json"/)

  assert.deepEqual(telemetrySettings({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).warnings, [])
})

test('the times of metrics are read, a timeout is no longer than the interval, and nonsense is said', () => {
  const given = telemetrySettings({
    ...ENDPOINT,
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_METRIC_EXPORT_TIMEOUT: '700',
  })
  assert.deepEqual([given.metricIntervalMs, given.metricTimeoutMs], [5_000, 700])

  const short = telemetrySettings({ ...ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL: '100' })
  assert.deepEqual([short.metricIntervalMs, short.metricTimeoutMs], [100, 100])

  const untold = telemetrySettings(ENDPOINT)
  for (const nonsense of ['0', '-5', '1s', '1e3']) {
    const settings = telemetrySettings({ ...ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL: nonsense })
    assert.equal(settings.metricIntervalMs, untold.metricIntervalMs)
    assert.match(settings.warnings.join(), /^OTEL_METRIC_EXPORT_INTERVAL: /)
  }
})
