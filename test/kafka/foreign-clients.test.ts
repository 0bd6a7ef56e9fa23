import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { partitionForKey } from '../../src/event/partitioner.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { EventLog } from '../../src/log/port.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import { canRunKcat, kcat } from '../helpers/kcat.ts'
import { fencedBlocks } from '../helpers/shell.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from '../log/contract.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PARTITIONS = 7

/** Keys of every length, plain and not. */
const KEYS = Array.from(
  { length: 300 },
  (_, i) => ['/', '/é', '/日本', '/😀', '/pricing'][i % 5] + 'x'.repeat(i % 37) + i,
)

if (canRunKafka()) {
  const cluster = sharedKafka({ version: '4' })
  const opened = async (t: TestContext): Promise<EventLog> => {
    const options = { brokers: [cluster().bootstrap], topic: `t-${randomUUID()}`, partitions: PARTITIONS }
    const { log, close } = await openKafkaLog(options)
    t.after(close)
    return log
  }
  const byJava = (log: EventLog, lines: readonly string[], ...flags: string[]): Promise<string> =>
    cluster().tool(
      'org.apache.kafka.tools.ConsoleProducer',
      [
        ...['--bootstrap-server', cluster().bootstrap, '--topic', log.topic],
        ...['--reader-property', 'parse.key=true', ...flags],
      ],
      `${lines.join('\n')}\n`,
    )

  test("a page's partition is where Java's own partitioner puts a message with that key", async (t) => {
    const log = await opened(t)
    await byJava(
      log,
      KEYS.map((key) => `${key}\tv`),
    )
    const got = await fetchCount(await log.reader('g'), KEYS.length)
    assert.equal(new Set(got.map(({ partition }) => partition)).size, PARTITIONS)
    for (const { key, partition } of got)
      assert.equal(partition, partitionForKey(key!, PARTITIONS), key!.toString())
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`what Java's client compresses is read: ${codec}`, async (t) => {
      const log = await opened(t)
      const lines = Array.from({ length: 500 }, (_, i) => `key-${i}\t${'value '.repeat(i % 50)}${i}`)
      await byJava(log, lines, '--compression-codec', codec)
      const got = await fetchCount(await log.reader('g'), lines.length)
      assert.deepEqual(got.map(({ key, value }) => `${key}\t${value}`).sort(), lines.toSorted())
    })
  }

  if (canRunKcat()) {
    const to = (log: EventLog): string[] => ['-b', cluster().bootstrap, '-t', log.topic]

    test('kcat finds what we send: keys, partitions, order, nothing for null', async (t) => {
      const log = await opened(t)
      const writer = await log.writer()
      await writer.append([
        record(2, 'one', 'k1'),
        record(0, 'two é'),
        record(2, 'three', 'k3'),
        { partition: 2, key: Buffer.from('k4'), value: null, timestampMs: 1_700_000_000_123 },
      ])
      const printed = await kcat(['-C', ...to(log), '-e', '-q', '-Z', '-f', '%p|%o|%T|%k|%s\n'])
      assert.deepEqual(printed.trim().split('\n').sort(), [
        '0|0|1700000000123|NULL|two é',
        '2|0|1700000000123|k1|one',
        '2|1|1700000000123|k3|three',
        '2|2|1700000000123|k4|NULL',
      ])
    })

    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      test(`what kcat sends is read: headers, tombstones, compressed by ${codec}`, async (t) => {
        const log = await opened(t)
        const lines = Array.from({ length: 200 }, (_, i) => `key-${i}|${'value '.repeat(20)}${i}`)
        const flags = ['-P', ...to(log), '-K', '|', '-z', codec, '-H', 'trace=abc', '-H', 'empty=']
        await kcat([...flags, '-X', 'partitioner=murmur2_random'], `${lines.join('\n')}\n`)
        await kcat([...flags, '-p', '3', '-Z'], 'gone|\n')
        const got = await fetchCount(await log.reader('g'), lines.length + 1)
        const gone = got.find(({ key }) => key!.toString() === 'gone')!
        assert.deepEqual([gone.partition, gone.value], [3, null])
        const others = got.filter((one) => one !== gone)
        assert.deepEqual(others.map(({ key, value }) => `${key}|${value}`).sort(), lines.toSorted())
        for (const { key, partition } of others) assert.equal(partition, partitionForKey(key!, PARTITIONS))
      })
    }

    test('page views sent by kcat and by the program of docs/how-to.md are counted once each, what is none is an error, and a tombstone too', async (t) => {
      const system = await System.create(t, {
        MILLRACE_KAFKA_BROKERS: cluster().bootstrap,
        MILLRACE_KAFKA_TOPIC: `views-${randomUUID()}`,
      })
      const consumer = system.start('consumer', '-init-schema')
      await eventually('the consumer to answer', () => system.consumerStatus())
      const view = (n: number): string =>
        JSON.stringify({
          page_id: `/kcat-${n % 3}`,
          user_id: `u-${n}`,
          view_duration_ms: 1_000 + n,
          timestamp: new Date().toISOString(),
          is_bounce: false,
        })
      const lines = Array.from({ length: 90 }, (_, n) => `${randomUUID()}|${view(n)}`)
      const flags = [
        '-P',
        '-b',
        cluster().bootstrap,
        '-t',
        system.environment.MILLRACE_KAFKA_TOPIC!,
        '-K',
        '|',
      ]
      await kcat(flags, `${[...lines, ...lines.slice(0, 10)].join('\n')}\n`)
      await kcat([...flags, '-Z'], `${randomUUID()}|not JSON\n${randomUUID()}|\n`)
      await sendAsThePageSays(cluster().bootstrap, system.environment.MILLRACE_KAFKA_TOPIC!)
      await eventually('everything to be consumed', async () => {
        return (await system.consumerStatus()).processed === lines.length + 13
      })
      await eventually('the aggregates', async () => {
        const { totals } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
        return totals.view_count === lines.length + 1
      })
      const errors = await system.sql(
        'SELECT error_reason, raw_message IS NULL AS missing FROM processing_errors FINAL ORDER BY missing',
      )
      assert.deepEqual(errors, [
        { error_reason: 'broken_json', missing: 0 },
        { error_reason: 'empty_message', missing: 1 },
      ])
      await consumer.interrupt()
    })
  }
}

/** Runs the JavaScript of docs/how-to.md, as it stands there: it sends one page view. */
async function sendAsThePageSays(brokers: string, topic: string): Promise<void> {
  const page = await readFile(resolve(ROOT, 'docs/how-to.md'), 'utf8')
  const [sample] = fencedBlocks(page).filter(({ language }) => language === 'js')
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', sample!.body], {
    cwd: ROOT,
    env: { ...process.env, BROKERS: brokers, TOPIC: topic },
  })
}
