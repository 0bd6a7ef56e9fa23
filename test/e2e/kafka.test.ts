import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canRunKafka, startKafka } from '../helpers/kafka.ts'
import { OtlpReceiver, type ReceivedSpan } from '../helpers/otlp.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

/** What is sent to an OpenTelemetry collector, when there is one. */
const TRACED = { OTEL_BSP_SCHEDULE_DELAY: '500', OTEL_BSP_MAX_QUEUE_SIZE: '50000' }

const WAYS = [
  ['Kafka 4, traced', '4', TRACED],
  ['Kafka 3', '3', {}],
  ['Kafka 4, in transactions', '4', { MILLRACE_KAFKA_TRANSACTIONS: 'on' }],
] as const

for (const [way, version, settings] of canRunKafka() ? WAYS : []) {
  test(`the same program on ${way}: what was sent is what the aggregates say`, async (t) => {
    const kafka = await startKafka(t, { version })
    const receiver = settings === TRACED ? await OtlpReceiver.start(t) : undefined
    const system = await System.create(t, {
      MILLRACE_KAFKA_BROKERS: kafka.bootstrap,
      ...settings,
      ...(receiver && { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }),
    })
    const program = await system.up()
    await system.post(`${system.producerUrl}/generate/burst?count=5000`)
    await eventually(
      'the burst to be sent',
      async () => (await system.producerStatus()).sent >= 5_000,
      180_000,
    )
    await system.post(`${system.producerUrl}/generate/pause`)
    await system.verifyAgrees()
    const { sent } = await system.producerStatus()
    await program.interrupt()
    if (receiver) assertTraced(receiver.spans, sent)
  })
}

/** Every message was sent in a traced send and consumed in a traced batch, and each batch shows its steps and is rolled up. */
function assertTraced(spans: readonly ReceivedSpan[], sent: number): void {
  const named = (name: string): ReceivedSpan[] => spans.filter((span) => span.name === name)
  const messages = (some: readonly ReceivedSpan[]): number =>
    some.reduce((sum, { attributes }) => sum + Number(attributes['messaging.batch.message_count']), 0)
  assert.equal(messages(named('send page-views')), sent)
  const batches = named('process page-views')
  assert.equal(messages(batches), sent)
  for (const { traceId, spanId } of batches) {
    const steps = spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId)
    assert.deepEqual(
      steps.map(({ name }) => name),
      ['fill', 'write', 'mark', 'commit page-views'],
    )
  }
  const linked = named('roll up slice').flatMap(({ links }) => links.map(({ spanId }) => spanId))
  assert.deepEqual(linked.toSorted(), batches.map(({ spanId }) => spanId).toSorted())
}
