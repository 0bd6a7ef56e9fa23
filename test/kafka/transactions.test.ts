import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Admin, Producer } from '@platformatic/kafka'
import { MillraceError } from '../../src/errors.ts'
import { LIMITS } from '../../src/event/page-view.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { EventLog, LogReader } from '../../src/log/port.ts'
import { retryingWriter } from '../../src/send/retry.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from '../log/contract.ts'

const JAVA = join(import.meta.dirname, 'Transactions.java')

/** Below what we send, so that the brokers refuse a part of it. */
const TOPIC_BYTES = 2_000

/** Bookkeeping that tells what it was told. */
function told(): { readonly calls: string[]; acknowledged(): void; unanswered(): void } {
  const calls: string[] = []
  return {
    calls,
    acknowledged: () => void calls.push('acknowledged'),
    unanswered: () => void calls.push('unanswered'),
  }
}

async function texts(reader: LogReader, count: number): Promise<string[]> {
  return (await fetchCount(reader, count)).map(({ value }) => value!.toString())
}

if (canRunKafka()) {
  for (const version of ['4', '3'] as const) {
    const cluster = sharedKafka({ version })
    const opened = async (t: TestContext, partitions: number): Promise<EventLog> => {
      const topic = `t-${randomUUID()}`
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: [cluster().bootstrap] })
      const configs = [
        { name: 'max.message.bytes', value: String(TOPIC_BYTES) },
        // Our records are years old.
        { name: 'retention.ms', value: '-1' },
      ]
      await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs })
      await admin.close()
      const options = { brokers: [cluster().bootstrap], topic, partitions, transactions: true }
      const { log, close } = await openKafkaLog({ ...options, clientId: topic })
      t.after(close)
      await eventually('the partitions to have leaders', () => log.bounds())
      return log
    }
    const printed = (log: EventLog, isolation: string, count: number): Promise<string> =>
      cluster().tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
        ...['--bootstrap-server', cluster().bootstrap, '--topic', log.topic, '--from-beginning'],
        ...['--isolation-level', isolation, '--max-messages', `${count}`],
      ])

    test(`Kafka ${version}: a batch of which the brokers refuse a part is refused whole, and is not in doubt`, async (t) => {
      const log = await opened(t, 2)
      const writer = await log.writer()
      const [refused, taken] = [told(), told()]
      const tooLarge = record(1, 'x'.repeat(2 * TOPIC_BYTES))
      await assert.rejects(writer.append([record(0, 'no'), tooLarge], refused), (error) => {
        assert.ok(error instanceof MillraceError)
        assert.equal(error.code, 'log_refused')
        return true
      })
      assert.deepEqual(refused.calls, [])
      await writer.append([record(0, 'yes 1'), record(1, 'yes 2')], taken)
      assert.deepEqual(taken.calls, ['acknowledged'])
      assert.deepEqual((await texts(await log.reader('g'), 2)).sort(), ['yes 1', 'yes 2'])
    })

    test(`Kafka ${version}: what is in the log of a transaction that we end without success is never read`, async (t) => {
      const log = await opened(t, 1)
      const writer = await log.writer()
      // The second is so large that they go in two requests, of which the brokers take the first.
      const first = record(0, 'no')
      const second = record(0, 'x'.repeat(LIMITS.messageBytes))
      const bookkeeping = told()
      await assert.rejects(writer.append([first, second], bookkeeping))
      assert.deepEqual(bookkeeping.calls, [])
      assert.equal(await printed(log, 'read_uncommitted', 1), 'no\n')
      await writer.append([record(0, 'yes')])
      assert.deepEqual(await texts(await log.reader('g'), 1), ['yes'])
    })

    test(`Kafka ${version}: of appends in one transaction only the refused one fails`, async (t) => {
      const log = await opened(t, 2)
      const writer = await log.writer()
      const appends = ['one', 'x'.repeat(2 * TOPIC_BYTES), 'three'].map((text) =>
        writer.append([record(0, text)]),
      )
      const outcomes = await Promise.allSettled(appends)
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await texts(await log.reader('g'), 2), ['one', 'three'])
    })

    test(`Kafka ${version}: many appends at once, in order`, async (t) => {
      const log = await opened(t, 1)
      const writer = await log.writer()
      const sent = Array.from({ length: 200 }, (_, i) => `${i}`)
      await Promise.all(sent.map((text) => writer.append([record(0, text)])))
      const got = await fetchCount(await log.reader('g'), sent.length)
      assert.deepEqual(
        got.map(({ value }) => value!.toString()),
        sent,
      )
    })

    test(`Kafka ${version}: a producer that was fenced off comes again by itself`, async (t) => {
      const log = await opened(t, 1)
      const writer = await log.writer()
      await writer.append([record(0, 'before')])
      const listed = await cluster().tool('org.apache.kafka.tools.TransactionsCommand', [
        ...['--bootstrap-server', cluster().bootstrap, 'list'],
      ])
      // The id begins with the client's name, for rights that are given by prefix.
      const [id] = new RegExp(`${log.topic}-[0-9a-f-]{36}`).exec(listed) ?? assert.fail(listed)
      const bootstrapBrokers = [cluster().bootstrap]
      const other = new Producer({
        clientId: 'test',
        bootstrapBrokers,
        idempotent: true,
        transactionalId: id,
      })
      t.after(() => other.close())
      await other.beginTransaction({ producerId: -1n, producerEpoch: -1 })
      const bookkeeping = told()
      await assert.rejects(writer.append([record(0, 'fenced')], bookkeeping), (error) => {
        assert.ok(error instanceof MillraceError)
        assert.ok(error.retryable, error.message)
        return true
      })
      assert.deepEqual(bookkeeping.calls, [])
      const patient = { attempts: 3, firstPauseMs: 1, longestPauseMs: 1, random: Math.random }
      await retryingWriter(writer, patient).append([record(0, 'after')])
      assert.deepEqual(await texts(await log.reader('g'), 2), ['before', 'after'])
    })

    test(`Kafka ${version}: transactions of Java's client are read when they are committed`, async (t) => {
      const log = await opened(t, 1)
      const ends = ['abort', 'no 1', 'commit', 'yes 1', 'abort', 'no 2', 'commit', 'yes 2']
      await cluster().tool(JAVA, [cluster().bootstrap, log.topic, ...ends])
      assert.deepEqual(await texts(await log.reader('g'), 2), ['yes 1', 'yes 2'])
    })

    test(`Kafka ${version}: Java's console consumer reads what we committed`, async (t) => {
      const log = await opened(t, 1)
      await (await log.writer()).append([record(0, 'one'), record(0, 'two')])
      assert.equal(await printed(log, 'read_committed', 2), 'one\ntwo\n')
    })
  }
}
