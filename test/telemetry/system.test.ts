import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { VERSION } from '../../src/version.ts'
import { OtlpReceiver, type ReceivedSpan } from '../helpers/otlp.ts'
import { start } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { counted, linesOfPoints, linesOfText } from './metric-lines.ts'

const EVENTS = 3_000
/** So rarely that what a full batch does not send is sent at the end. */
const RARELY = '3600000'
/** The clocks' resolution, in nanoseconds: OpenTelemetry's times are milliseconds since the epoch with fractions here. */
const NS = 2_000

test('a running system: traces and metrics arrive, with the numbers of /metrics; nothing of it is loaded unasked', async (t) => {
  const receiver = await OtlpReceiver.start(t)
  const system = await System.create(t, {
    MILLRACE_GENERATE: 'off',
    MILLRACE_INVALID: '0.1',
    MILLRACE_CONSUMER_BATCH_SIZE: '1000',
  })
  const asked = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: RARELY,
    OTEL_BSP_MAX_QUEUE_SIZE: String(4 * EVENTS),
    OTEL_METRIC_EXPORT_INTERVAL: RARELY,
  }
  const shown = await runOnce(t, system, asked, () => whenQuiet(system))
  const { spans } = receiver
  const consumer = spans.filter(({ service }) => service === 'millrace-consumer')
  const producer = spans.filter(({ service }) => service === 'millrace-producer')

  await t.test('every metric that counts arrives as /metrics had it', () => {
    for (const service of ['producer', 'consumer'] as const) {
      const points = receiver.points.get(`millrace-${service}`) ?? []
      assert.deepEqual(counted(linesOfPoints(points)), counted(shown[service]), service)
    }
  })

  await t.test("the producer's sends are as many and as long as its metrics say", () => {
    assert.ok(producer.every(({ name, kind }) => name === 'send page-views' && kind === 4))
    const strategies = new Set(producer.map(({ attributes }) => String(attributes['millrace.send.strategy'])))
    assert.ok(strategies.size > 1)
    for (const strategy of strategies) {
      const sends = producer.filter(({ attributes }) => attributes['millrace.send.strategy'] === strategy)
      sameTimes(sends, shown.producer, 'send_latency_seconds', { service: 'producer', strategy })
      assert.equal(
        total(sends, 'messaging.batch.message_count'),
        shownAs(shown.producer, 'messages_sent_total', { service: 'producer', strategy }),
      )
    }
    assert.equal(total(producer, 'messaging.batch.message_count'), EVENTS)
  })

  await t.test('a batch is one trace with its steps, each where its parent is', () => {
    const batches = named(consumer, 'process page-views')
    assert.ok(batches.length > 1)
    for (const batch of batches) {
      assert.equal(batch.parentSpanId, '')
      const trace = consumer.filter(({ traceId }) => traceId === batch.traceId)
      const steps = trace.filter(({ parentSpanId }) => parentSpanId === batch.spanId)
      assert.deepEqual(
        steps.map(({ name }) => name),
        ['fill', 'write', 'mark', 'commit page-views'],
      )
      steps.reduce((before, step) => {
        near(step.start, before.end, `${step.name} begins when ${before.name} ends`)
        return step
      })
      near(steps[0]!.start, batch.start, 'it begins with filling')
      near(steps.at(-1)!.end, batch.end, 'it ends with the commit')
      const inserts = trace.filter(({ name }) => name.startsWith('INSERT '))
      assert.ok(inserts.length > 0)
      for (const insert of inserts) {
        const write = steps[1]!
        assert.equal(insert.parentSpanId, write.spanId)
        assert.ok(insert.start >= write.start - BigInt(NS) && insert.end <= write.end + BigInt(NS))
      }
      assert.equal(trace.length, 1 + steps.length + inserts.length)
    }
  })

  await t.test("the consumer's spans are as many and as long as its metrics say", () => {
    const lines = shown.consumer
    const service = { service: 'consumer' }
    const batches = named(consumer, 'process page-views')
    assert.equal(batches.length, shownAs(lines, 'batch_size_messages_count', service))
    assert.equal(total(batches, 'messaging.batch.message_count'), EVENTS)
    assert.equal(EVENTS, shownAs(lines, 'messages_consumed_total', service))
    sameTimes(named(consumer, 'write'), lines, 'write_latency_seconds', service)
    sameTimes(named(consumer, 'commit page-views'), lines, 'commit_latency_seconds', service)
    for (const table of ['page_views_raw', 'processing_errors']) {
      const inserts = named(consumer, `INSERT ${table}`)
      sameTimes(inserts, lines, 'insert_latency_seconds', { ...service, table })
      assert.equal(
        total(inserts, 'db.operation.batch.size'),
        shownAs(lines, 'rows_inserted_total', { ...service, table }),
      )
    }
    for (const level of ['slice', 'minute', 'hour']) {
      const runs = named(consumer, `roll up ${level}`)
      assert.ok(runs.length > 0)
      sameTimes(runs, lines, 'rollup_duration_seconds', { level, ...service })
      assert.equal(
        total(runs, 'millrace.rollup.windows'),
        shownAs(lines, 'windows_computed_total', { level, ...service }),
      )
    }
  })

  await t.test('every batch is linked to by the computation of its slices', () => {
    const linked = named(consumer, 'roll up slice').flatMap(({ links }) => links.map(({ spanId }) => spanId))
    const batches = named(consumer, 'process page-views').map(({ spanId }) => spanId)
    assert.deepEqual(linked.toSorted(), batches.toSorted())
  })

  await t.test('the services say who they are', () => {
    const [one, other] = ['millrace-producer', 'millrace-consumer'].map((name) =>
      receiver.resources.get(name),
    )
    assert.equal(one?.['service.version'], VERSION)
    assert.equal(other?.['service.version'], VERSION)
    assert.match(String(one?.['service.instance.id']), /^[0-9a-f-]{36}$/)
    assert.notEqual(one?.['service.instance.id'], other?.['service.instance.id'])
  })

  await t.test('without the variable no module of its SDK is loaded', async (t) => {
    const { requests } = receiver
    await runOnce(t, system, {}, () => whenWritten(system))
    assert.equal(receiver.requests, requests)
  })
})

interface Shown {
  readonly producer: ReadonlyMap<string, number>
  readonly consumer: ReadonlyMap<string, number>
}

/** Runs the whole system, lets it generate something, and ends it when `until` resolves; gives back what that gives. */
async function runOnce<T>(
  t: TestContext,
  system: System,
  variables: Record<string, string>,
  until: () => Promise<T>,
): Promise<T> {
  const modules = join(system.dataDir, 'modules')
  writeFileSync(modules, '')
  const program = start(t, ['start'], {
    ...system.environment,
    ...variables,
    MILLRACE_TEST_MODULES: modules,
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'record-modules.ts'))}`,
  })
  await system.ready(program)
  await system.post(`${system.producerUrl}/generate/burst?count=${EVENTS}`)
  const result = await until()
  const ended = await program.interrupt()
  assert.equal(ended.status, 0, ended.stderr)
  const loadedBy = new Set(
    readFileSync(modules, 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[0]!)
      .filter((command) => command !== ''),
  )
  assert.deepEqual(
    [...loadedBy].sort(),
    'OTEL_EXPORTER_OTLP_ENDPOINT' in variables ? ['consumer', 'producer'] : [],
  )
  return result
}

/** @returns when everything had been written, in milliseconds since the epoch */
function whenWritten(system: System): Promise<number> {
  return eventually('all of it to be written', async () => {
    const lines = await metricsOf(system.consumerUrl)
    const written = shownAs(lines, 'batch_size_messages_sum', { service: 'consumer' })
    return written === EVENTS && Date.now()
  })
}

/** @returns /metrics of both services when all of it is in every aggregate, so that nothing happens any more */
async function whenQuiet(system: System): Promise<Shown> {
  const flushedAt = await whenWritten(system)
  await eventually('all of it to be in the aggregates', async () => {
    const { fresh_as_of } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1&resolution=hour`)
    return Date.parse(fresh_as_of) > flushedAt
  })
  return { producer: await metricsOf(system.producerUrl), consumer: await metricsOf(system.consumerUrl) }
}

async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`)
  return linesOfText(await response.text())
}

function shownAs(
  lines: ReadonlyMap<string, number>,
  name: string,
  labels: Readonly<Record<string, string>>,
): number {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  const line = `millrace_${name}{${pairs.sort().join(',')}}`
  const value = lines.get(line)
  assert.ok(value !== undefined, `${line} is not in ${[...lines.keys()].join('\n')}`)
  return value
}

/** The spans are as many as a histogram counts, and take as long together. */
function sameTimes(
  spans: readonly ReceivedSpan[],
  lines: ReadonlyMap<string, number>,
  histogram: string,
  labels: Readonly<Record<string, string>>,
): void {
  assert.equal(spans.length, shownAs(lines, `${histogram}_count`, labels), histogram)
  const ns = spans.reduce((sum, { start, end }) => sum + Number(end - start), 0)
  const expected = shownAs(lines, `${histogram}_sum`, labels) * 1e9
  assert.ok(
    Math.abs(ns - expected) <= NS * spans.length,
    `${histogram}: ${ns} is not ${expected} nanoseconds`,
  )
}

function near(one: bigint, other: bigint, what: string): void {
  assert.ok(Math.abs(Number(one - other)) <= NS, `${what}: ${one}, ${other}`)
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] {
  return spans.filter((span) => span.name === name)
}

function total(spans: readonly ReceivedSpan[], attribute: string): number {
  return spans.reduce((sum, { attributes }) => sum + Number(attributes[attribute]), 0)
}
