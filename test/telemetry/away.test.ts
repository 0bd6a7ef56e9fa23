import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { publish } from '../../src/observe/events.ts'
import type { Logger } from '../../src/observe/logger.ts'
import { freePorts } from '../helpers/ports.ts'
import { eventually } from '../helpers/wait.ts'
import { telemetryOf } from './process.ts'

/** A logger whose lines are kept. */
function keeping(): { logger: Logger; lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = []
  return { logger: pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }), lines }
}

/** Traces and metrics, sent often; each export of metrics has time to end before the next. */
const OFTEN = { OTEL_BSP_SCHEDULE_DELAY: '10' }
const BOTH = { traces: true, metrics: true, metricIntervalMs: 200, metricTimeoutMs: 200 }

function options(logger: Logger): NonNullable<Parameters<typeof telemetryOf>[1]> {
  return {
    service: 'producer',
    logger,
    settings: BOTH,
    families: async () => [
      { name: 'millrace_things_total', help: 'Things', type: 'counter', values: [{ value: 1, labels: {} }] },
    ],
  }
}

function send(): void {
  publish('producer:sent', { strategy: 'sync', records: 1, bytes: 20, repeats: 0, invalid: 0, ms: 1 })
}

function sendUntilTheEnd(t: TestContext): void {
  const timer = setInterval(send, 5)
  t.after(() => clearInterval(timer))
}

test('an endpoint that refuses is one line of the log, and one when it takes again', async (t) => {
  const { logger, lines } = keeping()
  const { receiver, telemetry } = await telemetryOf(t, options(logger), OFTEN)
  receiver.answer = 400
  sendUntilTheEnd(t)
  await eventually('many exports', () => receiver.traceRequests > 20 && receiver.metricRequests > 2)
  assert.deepEqual(
    lines.map(({ msg }) => msg.replace(/\((traces|metrics)\)/, '(…)')),
    [
      'Telemetry (…) cannot be sent: HTTP status 400 Bad Request. What does not fit into its buffer is lost; this is said once.',
    ],
  )
  receiver.answer = 200
  await eventually('it to be taken again', () => lines.length > 1)
  const [traces, metrics] = [receiver.traceRequests, receiver.metricRequests]
  await eventually(
    'many more exports',
    () => receiver.traceRequests > traces + 20 && receiver.metricRequests > metrics + 2,
  )
  assert.equal(lines.length, 2)
  assert.match(lines[1]!.msg, /^Telemetry is sent again, after /)
  await telemetry.close(60_000)
  assert.ok(receiver.spans.length > 0 && receiver.points.size > 0)
})

test('nobody at the endpoint is one line too, and nothing is waited for at the end', async (t) => {
  const { logger, lines } = keeping()
  const [port] = await freePorts(1)
  const { telemetry } = await telemetryOf(t, options(logger), {
    ...OFTEN,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '50',
  })
  sendUntilTheEnd(t)
  await eventually('a line', () => lines.length > 0)
  const since = performance.now()
  await eventually('some more attempts', () => performance.now() - since > 500)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!.msg, /cannot be sent: connect ECONNREFUSED 127\.0\.0\.1/)
  await telemetry.close(2 ** 31 - 1)
})

test('an endpoint that never answers is waited for no longer than is allowed, and costs no more than a buffer', async (t) => {
  const { logger } = keeping()
  const { receiver, telemetry } = await telemetryOf(t, options(logger), {
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
    // Without the bound it would be waited for as long.
    OTEL_EXPORTER_OTLP_TIMEOUT: '3600000',
  })
  receiver.answer = 'never'
  for (let i = 0; i < 5_000; i++) send()
  await eventually('a first request', () => receiver.traceRequests > 0)
  for (let i = 0; i < 5_000; i++) send()
  await telemetry.close(300)
  // The batch under way and those of a full buffer.
  assert.ok(receiver.traceRequests <= 1 + 10, `${receiver.traceRequests} requests`)
  receiver.refuseWaiting()
})

test('a variable that the SDK cannot read is said', async (t) => {
  const { logger, lines } = keeping()
  const { telemetry } = await telemetryOf(t, options(logger), { OTEL_TRACES_SAMPLER: 'sometimes' })
  assert.match(lines.map(({ msg }) => msg).join('\n'), /^Telemetry: .*OTEL_TRACES_SAMPLER.*"sometimes"/)
  await telemetry.close(60_000)
})
