import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publish } from '../../src/observe/events.ts'
import type { OtlpReceiver, ReceivedSpan } from '../helpers/otlp.ts'
import { StoppedClock, telemetryOf } from './process.ts'

const PLENTY_MS = 60_000

test('a batch is a trace: filling, writing with its inserts, marking, committing', async (t) => {
  const clock = new StoppedClock()
  const { receiver, telemetry } = await telemetryOf(t, clock)
  clock.pass(4)
  processed({ messages: 700, invalid: { broken_json: 2, empty_page_id: 1 }, repeats: 5, ms: 4 })
  clock.pass(20)
  processed({ messages: 300, ms: 2 })
  publish('consumer:filled', { messages: 1_000 })
  clock.pass(30)
  publish('store:inserted', { table: 'page_views_raw', rows: 992, bytes: 5_000, ms: 30 })
  publish('consumer:away', { what: 'store', message: 'refused', attempt: 1, retryInMs: 10 })
  // The next batch is filled meanwhile.
  processed({ messages: 50, ms: 0 })
  clock.pass(10)
  publish('store:inserted', { table: 'processing_errors', rows: 3, bytes: 60, ms: 7 })
  clock.pass(8 + 2)
  publish('consumer:flushed', flushed({ messages: 1_000, writeMs: 40, markMs: 8, commitMs: 2 }))
  publish('consumer:filled', { messages: 50 })
  clock.pass(9)
  publish('consumer:flushed', flushed({ messages: 50, writeMs: 6, markMs: 2, commitMs: 1 }))
  await telemetry.close(PLENTY_MS)

  const [batch, next] = named(receiver, 'process page-views')
  assert.ok(batch && next)
  assert.deepEqual(tree(receiver, batch), [
    'process page-views from 0 for 74',
    '  fill from 0 for 24',
    '  write from 24 for 40',
    '    INSERT page_views_raw from 24 for 30',
    '    INSERT processing_errors from 57 for 7',
    '  mark from 64 for 8',
    '  commit page-views from 72 for 2',
  ])
  assert.equal(batch.kind, 5)
  assert.deepEqual(batch.attributes, {
    'messaging.system': 'lmdb',
    'messaging.destination.name': 'page-views',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': 1_000,
    'messaging.consumer.group.name': 'millrace',
    'millrace.batch.repeats': 5,
    'millrace.batch.rejected': 3,
  })
  assert.deepEqual(
    batch.events.map(({ name, attributes }) => [name, attributes['exception.message']]),
    [['store away', 'refused']],
  )
  const [fill] = named(receiver, 'fill')
  assert.deepEqual(fill?.attributes, { 'millrace.fill.fetches': 2, 'millrace.fill.process_ms': 6 })
  const [insert] = named(receiver, 'INSERT page_views_raw')
  assert.equal(insert?.attributes['db.operation.batch.size'], 992)
  assert.equal(next.attributes['messaging.batch.message_count'], 50)
  assert.notEqual(next.traceId, batch.traceId)
})

test('a batch that cannot be written is a trace that failed', async (t) => {
  const clock = new StoppedClock()
  const { receiver, telemetry } = await telemetryOf(t, clock)
  clock.pass(1)
  processed({ messages: 10, ms: 1 })
  publish('consumer:filled', { messages: 10 })
  clock.pass(5)
  publish('consumer:flush-failed', { message: 'the table is missing' })
  await telemetry.close(PLENTY_MS)
  const [batch] = named(receiver, 'process page-views')
  assert.deepEqual(batch?.status, { code: 2, message: 'the table is missing' })
  assert.deepEqual(tree(receiver, batch!), ['process page-views from 0 for 6', '  fill from 0 for 1'])
})

test('what began before it is left out', async (t) => {
  const { receiver, telemetry } = await telemetryOf(t)
  publish('consumer:filled', { messages: 10 })
  publish('consumer:flushed', flushed({ messages: 10, writeMs: 1, markMs: 1, commitMs: 1 }))
  await telemetry.close(PLENTY_MS)
  assert.deepEqual(receiver.spans, [])
})

test('roll-ups are linked to what made their windows stale', async (t) => {
  const clock = new StoppedClock()
  const { receiver, telemetry } = await telemetryOf(t, clock)
  const batch = (): void => {
    processed({ messages: 10, ms: 0 })
    publish('consumer:filled', { messages: 10 })
    clock.pass(10)
    publish('consumer:flushed', flushed({ messages: 10, writeMs: 5, markMs: 3, commitMs: 2 }))
  }
  const rollUp = (level: 'slice' | 'minute' | 'hour', ms: number): void => {
    clock.pass(ms)
    publish('rollup:ran', { level, windows: 3, ms })
  }
  batch()
  batch()
  // It began before the third batch had marked its slices, and ends after it.
  clock.pass(5)
  batch()
  publish('rollup:ran', { level: 'slice', windows: 2, ms: 12 })
  rollUp('slice', 4)
  rollUp('minute', 4)
  rollUp('minute', 4)
  rollUp('hour', 4)
  clock.pass(7)
  publish('rollup:failed', { message: 'the store is away', ms: 7, retryInMs: 100 })
  await telemetry.close(PLENTY_MS)

  const batches = named(receiver, 'process page-views').map(({ spanId }) => spanId)
  const linked = (name: string): string[][] =>
    named(receiver, name).map(({ links }) => links.map(({ spanId }) => spanId))
  const ids = (name: string): string[] => named(receiver, name).map(({ spanId }) => spanId)
  assert.deepEqual(linked('roll up slice'), [batches.slice(0, 2), batches.slice(2)])
  assert.deepEqual(linked('roll up minute'), [ids('roll up slice'), []])
  assert.deepEqual(linked('roll up hour'), [ids('roll up minute')])
  const [slices] = named(receiver, 'roll up slice')
  assert.deepEqual(slices?.attributes, { 'millrace.rollup.level': 'slice', 'millrace.rollup.windows': 2 })
  assert.equal(Number(slices!.end - slices!.start), 12e6)
  const [failed] = named(receiver, 'roll up')
  assert.deepEqual(failed?.status, { code: 2, message: 'the store is away' })
  assert.equal(new Set(receiver.spans.map(({ traceId }) => traceId)).size, batches.length + 6)
})

test("the producer's sends are spans, those that failed too", async (t) => {
  const clock = new StoppedClock()
  const { receiver, telemetry } = await telemetryOf(t, { ...clock, service: 'producer' })
  publish('producer:sent', { strategy: 'batch', records: 500, bytes: 9_000, repeats: 4, invalid: 2, ms: 12 })
  publish('producer:failed', { records: 1, message: 'the log is away', ms: 250 })
  await telemetry.close(PLENTY_MS)
  const spans = named(receiver, 'send page-views')
  const sent = spans.find(({ status }) => status.code === 0)
  const failed = spans.find(({ status }) => status.code === 2)
  assert.equal(sent!.kind, 4)
  assert.equal(sent!.start, BigInt(clock.now() - 12) * 1_000_000n)
  assert.equal(sent!.end, BigInt(clock.now()) * 1_000_000n)
  assert.deepEqual(sent!.attributes, {
    'messaging.system': 'lmdb',
    'messaging.destination.name': 'page-views',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.batch.message_count': 500,
    'millrace.send.strategy': 'batch',
    'millrace.send.bytes': 9_000,
    'millrace.send.repeats': 4,
    'millrace.send.invalid': 2,
  })
  assert.deepEqual(failed!.status, { code: 2, message: 'the log is away' })
  assert.equal(Number(failed!.end - failed!.start), 250e6)
  assert.deepEqual(receiver.resources.get('millrace-producer')?.['service.version'], '1.2.3')
})

test("the SDK's variables are its own: names, sampling", async (t) => {
  const { receiver, telemetry } = await telemetryOf(
    t,
    { service: 'producer' },
    { OTEL_SERVICE_NAME: 'shop-producer', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' },
  )
  send()
  await telemetry.close(PLENTY_MS)
  const { 'deployment.environment.name': environment } = receiver.resources.get('shop-producer')!
  assert.equal(environment, 'test')

  const unsampled = await telemetryOf(t, { service: 'producer' }, { OTEL_TRACES_SAMPLER: 'always_off' })
  send()
  await unsampled.telemetry.close(PLENTY_MS)
  assert.equal(unsampled.receiver.requests, 0)
})

function send(): void {
  publish('producer:sent', { strategy: 'sync', records: 1, bytes: 20, repeats: 0, invalid: 0, ms: 1 })
}

function processed(what: {
  messages: number
  ms: number
  repeats?: number
  invalid?: Readonly<Partial<Record<'broken_json' | 'empty_page_id', number>>>
}): void {
  publish('consumer:processed', { valid: what.messages, invalid: {}, repeats: 0, conflicts: 0, ...what })
}

function flushed(what: { messages: number; writeMs: number; markMs: number; commitMs: number }) {
  return { views: what.messages, errors: 0, oldestAppendedMs: 0, ...what }
}

function named({ spans }: OtlpReceiver, name: string): ReceivedSpan[] {
  return spans
    .filter((span) => span.name === name)
    .sort((a, b) => (a.start === b.start ? 0 : a.start < b.start ? -1 : 1))
}

/** The span and those below it, with times in milliseconds from its start. */
function tree({ spans }: OtlpReceiver, root: ReceivedSpan): string[] {
  const lines: string[] = []
  const walk = (span: ReceivedSpan, indent: string): void => {
    const [from, ms] = [span.start - root.start, span.end - span.start].map((ns) => Number(ns) / 1e6)
    lines.push(`${indent}${span.name} from ${from} for ${ms}`)
    const below = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId)
    for (const child of below.sort((a, b) => Number(a.start - b.start))) walk(child, `${indent}  `)
  }
  walk(root, '')
  return lines
}
