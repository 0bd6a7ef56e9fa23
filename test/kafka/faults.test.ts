import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MillraceError } from '../../src/errors.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import { valueAt } from '../../src/log/record-batch.ts'
import { retryingWriter } from '../../src/send/retry.ts'
import { canRunKafka, startKafka } from '../helpers/kafka.ts'
import type { KafkaVersion } from '../helpers/kafka-libs.ts'
import { freePorts } from '../helpers/ports.ts'
import { eventually } from '../helpers/wait.ts'
import { record } from '../log/contract.ts'

test('nobody at the address: a clear error that may heal', async () => {
  const [port] = await freePorts(1)
  await assert.rejects(openKafkaLog({ brokers: [`127.0.0.1:${port}`], topic: 'page-views' }), (error) => {
    assert.ok(error instanceof MillraceError)
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`))
    assert.match(error.message, /ECONNREFUSED/)
    assert.equal(error.code, 'log_unavailable')
    assert.match(error.hint ?? '', /MILLRACE_KAFKA_BROKERS/)
    return true
  })
})

if (canRunKafka()) {
  for (const version of ['4', '3'] as const) {
    test(`Kafka ${version}: a broker killed and started again: nothing that was acknowledged is lost`, (t) =>
      brokerKilled(t, version))
  }
}

/** Sends and reads all the time, while a broker is killed and comes back. */
async function brokerKilled(t: TestContext, version: KafkaVersion): Promise<void> {
  const cluster = await startKafka(t, { version })
  const { log, close } = await openKafkaLog({
    brokers: cluster.bootstrap.split(','),
    topic: 'page-views',
    partitions: 3,
  })
  t.after(close)
  const writer = retryingWriter(await log.writer(), {
    attempts: 1_000,
    firstPauseMs: 20,
    longestPauseMs: 200,
    random: Math.random,
  })
  const reader = await log.reader('g')
  const seen = new Set<string>()
  const stop = new AbortController()
  const reading = (async () => {
    while (!stop.signal.aborted) {
      await eventually('the log to answer', async () => {
        const { batches } = await reader.fetch(
          { maxRecords: 1_000, maxBytes: 2 ** 20, maxWaitMs: 200 },
          stop.signal,
        )
        for (const batch of batches) {
          for (let i = 0; i < batch.length; i++) seen.add(valueAt(batch, i)!.toString())
        }
        return true
      })
    }
  })()
  let acknowledged = 0
  let inDoubt = 0
  const stopSending = new AbortController()
  const sending = (async () => {
    while (!stopSending.signal.aborted) {
      const records = Array.from({ length: 30 }, (_, i) => record(i % 3, `v${acknowledged + i}`))
      await writer.append(records, {
        acknowledged: () => {},
        unanswered: () => {
          inDoubt += records.length
        },
      })
      acknowledged += 30
    }
  })()
  await eventually('records to be read', () => seen.size > 300)
  await cluster.stopBroker(1)
  await cluster.startBroker(1)
  const before = acknowledged
  await eventually('sending to go on', () => acknowledged > before + 300)
  stopSending.abort()
  await sending
  await eventually('all to be read', () => {
    return Array.from({ length: acknowledged }, (_, i) => `v${i}`).every((value) => seen.has(value))
  })
  stop.abort()
  await reading
  const messages = (await log.bounds()).reduce((sum, { end }) => sum + end, 0)
  t.diagnostic(
    `${acknowledged} acknowledged, ${seen.size} different ones read, ${messages} messages, ${inDoubt} in doubt`,
  )
  assert.ok(seen.size >= acknowledged)
  assert.ok(messages <= acknowledged + inDoubt, 'whatever is there more than once was in doubt')
}
