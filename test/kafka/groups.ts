import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { KafkaLogOptions } from '../../src/log/kafka/options.ts'
import type { EventLog, Gap, LogReader } from '../../src/log/port.ts'
import { nextOffset, valueAt } from '../../src/log/record-batch.ts'
import { canRunKafka, sharedKafka } from '../helpers/kafka.ts'
import type { KafkaVersion } from '../helpers/kafka-libs.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from '../log/contract.ts'

const LIMIT = { maxRecords: 500, maxBytes: 2 ** 20, maxWaitMs: 500 }

/** What happens to consumer groups on a real broker. */
export function groupTests(version: KafkaVersion): void {
  if (!canRunKafka()) return
  const cluster = sharedKafka({ version })
  const opened = async (t: TestContext, options: Partial<KafkaLogOptions> = {}): Promise<EventLog> => {
    const topic = `t-${randomUUID()}`
    const { log, close } = await openKafkaLog({ brokers: [cluster().bootstrap], topic, ...options })
    t.after(close)
    return log
  }
  const it = (what: string, run: (t: TestContext) => Promise<void>): void => {
    test(`Kafka ${version}: ${what}`, run)
  }

  it('members share the partitions; joining and leaving under load loses nothing', async (t) => {
    const log = await opened(t, { partitions: 6 })
    const writer = await log.writer()
    const members = [new Member(await log.reader('g')), new Member(await log.reader('g'))]
    const [one, two] = members as [Member, Member]
    await eventually('two members to have three partitions each', () =>
      [one, two].every((member) => member.reader.assignments().length === 3),
    )
    let sent = 0
    const stopSending = new AbortController()
    const sending = (async () => {
      while (!stopSending.signal.aborted) {
        await writer.append(Array.from({ length: 60 }, (_, i) => record((sent + i) % 6, `v${sent + i}`)))
        sent += 60
      }
    })()
    const third = new Member(await log.reader('g'))
    members.push(third)
    await eventually('three members to have two partitions each', () =>
      [one, two, third].every((member) => member.reader.assignments().length === 2),
    )
    await eventually('the third to read', () => third.values.length > 100)
    await one.leave()
    await eventually('the other two to have three each', () =>
      [two, third].every((member) => member.reader.assignments().length === 3),
    )
    await two.abandon()
    await eventually('the last to have all', () => third.reader.assignments().length === 6)
    stopSending.abort()
    await sending
    await eventually('all to be committed', async () => {
      const [bounds, committed] = await Promise.all([log.bounds(), log.committed('g')])
      const at = new Map(committed.map(({ partition, offset }) => [partition, offset]))
      return bounds.every(({ partition, end }) => at.get(partition) === end)
    })
    await third.leave()
    const seen = new Set(members.flatMap(({ values }) => values))
    assert.equal(seen.size, sent, `${sent} were sent`)
    t.diagnostic(`${sent} sent, ${members.flatMap(({ values }) => values).length} read`)
  })

  it('a member with a name keeps its partitions while it restarts, and nobody else has to stop', async (t) => {
    const topic = `t-${randomUUID()}`
    // Members with a name stay in their group for a while: no other test may have to wait for them.
    const group = `g-${randomUUID()}`
    const named = async (instanceId: string) => {
      const { log, close } = await openKafkaLog({
        brokers: [cluster().bootstrap],
        topic,
        partitions: 6,
        instanceId,
      })
      t.after(close)
      return { log, close }
    }
    const [one, two] = [await named('one'), await named('two')]
    const first = new Member(await one.log.reader(group))
    const second = new Member(await two.log.reader(group))
    await eventually('each to have three partitions', () =>
      [first, second].every(({ reader }) => reader.assignments().length === 3),
    )
    const [before, others] = [first.reader.assignments(), second.reader.assignments()]
    await first.leave()
    await one.close()
    // Longer than it takes the brokers to give partitions to somebody else.
    await sleep(3_000)
    assert.deepEqual(second.reader.assignments(), others)
    const again = await named('one')
    const back = new Member(await again.log.reader(group))
    await eventually('it to have its partitions again', () => back.reader.assignments().length === 3)
    assert.deepEqual(back.reader.assignments(), before)
    assert.deepEqual(second.reader.assignments(), others)
    await again.log
      .writer()
      .then((writer) => writer.append(Array.from({ length: 6 }, (_, i) => record(i, `v${i}`))))
    await eventually('both to read', () => back.values.length === 3 && second.values.length === 3)
    await Promise.all([back.leave(), second.leave()])
  })

  it('a position committed for a partition that is another member’s by now is dropped', async (t) => {
    const log = await opened(t, { partitions: 2 })
    const writer = await log.writer()
    await writer.append([record(0, 'a'), record(1, 'b')])
    const first = await log.reader('g')
    await fetchCount(first, 2)
    const second = new Member(await log.reader('g'))
    await eventually('each to have one', () => {
      void first.fetch({ ...LIMIT, maxWaitMs: 1 }).catch(() => undefined)
      return first.assignments().length === 1 && second.reader.assignments().length === 1
    })
    const [theirs] = second.reader.assignments()
    await eventually('the second to have committed', async () => (await log.committed('g')).length > 0)
    await writer.append([record(theirs!, 'c')])
    await eventually('the second to be at the end', async () =>
      (await log.committed('g')).some(({ partition, offset }) => partition === theirs && offset === 2),
    )
    await eventually('the commit to go through', async () => {
      await first.commit([
        { partition: 0, offset: 1 },
        { partition: 1, offset: 1 },
      ])
      return true
    })
    assert.deepEqual(
      await log.committed('g'),
      [0, 1].map((partition) => ({ partition, offset: partition === theirs ? 2 : 1 })),
    )
    await second.leave()
  })

  it('a position that no longer exists goes on at the earliest record, and the gap is told once', async (t) => {
    const log = await opened(t, { partitions: 1 })
    const writer = await log.writer()
    await writer.append(['a', 'b', 'c', 'd'].map((text) => record(0, text)))
    const first = await log.reader('g')
    await fetchCount(first, 4)
    await first.commit([{ partition: 0, offset: 1 }])
    await first.close()
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [cluster().bootstrap] })
    t.after(() => admin.close())
    await admin.deleteRecords({
      topics: [{ name: log.topic, partitions: [{ partition: 0, offset: 3n }] }],
    })
    const second = await log.reader('g')
    const gaps = []
    const values: string[] = []
    while (values.length === 0) {
      const fetched = await second.fetch({ ...LIMIT, maxWaitMs: 20_000 })
      gaps.push(...fetched.gaps)
      for (const batch of fetched.batches) values.push(valueAt(batch, 0)!.toString())
    }
    assert.deepEqual(gaps, [{ partition: 0, expected: 1, resumedAt: 3 }])
    assert.deepEqual(values, ['d'])
    await second.commit([{ partition: 0, offset: 99 }])
    await second.close()
    const third = await log.reader('g')
    const { gaps: beyond } = await eventually('the gap', async () => {
      const fetched = await third.fetch(LIMIT)
      return fetched.gaps.length > 0 && fetched
    })
    assert.deepEqual(beyond, [{ partition: 0, expected: 99, resumedAt: 3 }])
    assert.deepEqual(await log.read(0, 0, LIMIT).then((batch) => batch?.offsets[0]), 3)
  })

  it('a topic that was removed and made again is read from its beginning', async (t) => {
    const log = await opened(t, { partitions: 1 })
    const writer = await log.writer()
    await writer.append([record(0, 'old'), record(0, 'old')])
    const reader = await log.reader('g')
    await fetchCount(reader, 2)
    await writer.append([record(0, 'never read')])
    await log.bounds()
    await makeAgain(t, log.topic)
    await eventually('the writer to go on', () =>
      writer.append(['new 0', 'new 1', 'new 2'].map((text) => record(0, text))).then(() => true),
    )
    const values: string[] = []
    const gaps: Gap[] = []
    await eventually('the new records', async () => {
      const { batches, gaps: told } = await reader.fetch(LIMIT)
      gaps.push(...told)
      for (const batch of batches) {
        for (let i = 0; i < batch.length; i++) values.push(valueAt(batch, i)!.toString())
      }
      return values.includes('new 2')
    })
    assert.deepEqual(values.slice(-3), ['new 0', 'new 1', 'new 2'])
    // A record that was on its way to the reader when the topic went is read; else it is told as lost.
    const read = values.filter((value) => value === 'never read').length
    assert.deepEqual(gaps, [{ partition: 0, expected: 2 + read, resumedAt: 0, formerEnd: 3 }])
  })

  it('what is committed of a topic that is gone is no position in the one that was made again', async (t) => {
    const log = await opened(t, { partitions: 1 })
    const writer = await log.writer()
    await writer.append(['old 0', 'old 1', 'old 2'].map((text) => record(0, text)))
    const reader = await log.reader('g')
    await fetchCount(reader, 3)
    await makeAgain(t, log.topic)
    // The brokers know the topic by its name alone.
    await eventually('the commit to be taken', async () => {
      await reader.commit([{ partition: 0, offset: 3 }])
      return true
    })
    await reader.close()
    const values = ['new 0', 'new 1', 'new 2', 'new 3', 'new 4']
    const again = await opened(t, { topic: log.topic })
    await again.writer().then((other) => other.append(values.map((text) => record(0, text))))
    assert.deepEqual(await again.committed('g'), [])
    const next = await again.reader('g')
    const got = await fetchCount(next, 5)
    assert.deepEqual(
      got.map(({ value }) => value!.toString()),
      values,
    )
    await next.commit([{ partition: 0, offset: 5 }])
    assert.deepEqual(await again.committed('g'), [{ partition: 0, offset: 5 }])
  })

  it('the topic is made as asked, and a missing one that may not be made is named with the command', async (t) => {
    const log = await opened(t, { partitions: 7, replicas: 1 })
    assert.equal(log.partitions, 7)
    assert.equal((await log.bounds()).length, 7)
    await assert.rejects(opened(t, { topic: 'nowhere', createTopic: false, partitions: 5 }), {
      code: 'log_refused',
      message: /no topic nowhere/,
      hint: /kafka-topics --bootstrap-server .* --create --topic nowhere --partitions 5/,
    })
    await assert.rejects(opened(t, { replicas: 9 }), { code: 'log_refused', hint: /MILLRACE_KAFKA_REPLICAS/ })
  })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`what was compressed with ${compression} comes back`, async (t) => {
      const log = await opened(t, { partitions: 2, compression })
      const writer = await log.writer()
      const values = Array.from({ length: 3_000 }, (_, i) => `${i}`.repeat(50))
      await writer.append(values.map((value, i) => record(i % 2, value, `key ${i}`)))
      const got = await fetchCount(await log.reader('g'), values.length)
      assert.deepEqual(got.map(({ value }) => value!.toString()).sort(), values.sort())
    })
  }

  async function makeAgain(t: TestContext, topic: string): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [cluster().bootstrap] })
    t.after(() => admin.close())
    await admin.deleteTopics({ topics: [topic] })
    await eventually('the topic to be made again', async () => {
      await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
      return true
    })
  }
}

/** A member that reads and commits until it leaves. */
class Member {
  readonly reader: LogReader
  readonly values: string[] = []
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(reader: LogReader) {
    this.reader = reader
    this.#running = this.#run()
  }

  /** Leaves when it has committed what it read. */
  async leave(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.reader.close()
  }

  /** Leaves in the middle of things. */
  async abandon(): Promise<void> {
    this.#stop.abort()
    await this.reader.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const { batches } = await untilDone(() => this.reader.fetch(LIMIT, signal), signal)
      for (const batch of batches) {
        for (let i = 0; i < batch.length; i++) this.values.push(valueAt(batch, i)!.toString())
      }
      const positions = batches.map((batch) => ({ partition: batch.partition, offset: nextOffset(batch) }))
      await untilDone(() => this.reader.commit(positions), signal)
    }
  }
}

/** Does something again while it may heal, as the consumer does. */
async function untilDone<T>(operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return eventually('the log to answer', async () => ({ result: await operation() })).then(
    ({ result }) => result,
    (error: unknown) => {
      if (signal.aborted) return { batches: [], gaps: [] } as T
      throw error
    },
  )
}
