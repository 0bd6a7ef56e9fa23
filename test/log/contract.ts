import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { EventLog, Fetched, FetchLimit, LogReader, OutgoingRecord } from '../../src/log/port.ts'
import { keyAt, type RecordBatch, valueAt } from '../../src/log/record-batch.ts'
import { seeded } from '../helpers/seed.ts'

export interface Adapter {
  readonly name: string
  /** How often the random test runs; 20 times where that is cheap. */
  readonly randomRuns?: number
  /** A new, empty log with that many partitions; opened again it is the same one. Closed when the test is over. */
  create(t: TestContext, partitions: number): Promise<{ open(): Promise<EventLog> }>
}

const ALL = { maxRecords: 1_000_000, maxBytes: 2 ** 30 }

export function record(partition: number, text: string, key: string | null = null): OutgoingRecord {
  return {
    partition,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(text),
    timestampMs: 1_700_000_000_123,
  }
}

/** What is promised at the port (src/log/port.ts), checked on an adapter. */
export function eventLogContract(adapter: Adapter): void {
  const it = (what: string, run: (t: TestContext) => Promise<void>): void => {
    test(`${adapter.name}: ${what}`, run)
  }

  it('what was appended is fetched: keys, values, times, places, in the order of each partition', async (t) => {
    const log = await (await adapter.create(t, 3)).open()
    const writer = await log.writer()
    const reader = await log.reader('g')
    const sent = [
      record(0, 'a', 'key-a'),
      record(2, 'b'),
      { partition: 0, key: null, value: null, timestampMs: 5 },
      { partition: 0, key: Buffer.alloc(0), value: Buffer.alloc(0), timestampMs: 6 },
      { partition: 2, key: Buffer.from([0, 255, 128]), value: Buffer.from([255, 0, 10]), timestampMs: 7 },
    ]
    await writer.append(sent)
    const got = await fetchCount(reader, sent.length)
    for (const partition of [0, 1, 2]) {
      const found = got.filter((r) => r.partition === partition)
      const expected = sent.filter((r) => r.partition === partition)
      assert.deepEqual(
        found.map(({ key, value, timestampMs }) => ({ key, value, timestampMs })),
        expected.map(({ key, value, timestampMs }) => ({
          key: key && Buffer.from(key),
          value: value && Buffer.from(value),
          timestampMs,
        })),
      )
    }
    assertAscending(got)
  })

  it('appends at the same time all arrive, once, in the order of the calls', async (t) => {
    const log = await (await adapter.create(t, 2)).open()
    const [one, two] = [await log.writer(), await log.writer()]
    const reader = await log.reader('g')
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        (i % 2 ? one : two).append([record(0, `n${i}`), record(1, `m${i}`)]),
      ),
    )
    const got = await fetchCount(reader, 400)
    for (const partition of [0, 1]) {
      const values = got.filter((r) => r.partition === partition).map((r) => r.value!.toString())
      assert.deepEqual(
        values,
        Array.from({ length: 200 }, (_, i) => `${partition === 0 ? 'n' : 'm'}${i}`),
      )
    }
  })

  it('the bookkeeping alongside happens with the append, once', async (t) => {
    const log = await (await adapter.create(t, 1)).open()
    const writer = await log.writer()
    const done: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map((text) =>
        writer.append([record(0, text)], { acknowledged: () => done.push(text), unanswered() {} }),
      ),
    )
    assert.deepEqual(done, ['a', 'b', 'c'])
  })

  it('a reader goes on behind what its group committed; another group has positions of its own', async (t) => {
    const storage = await adapter.create(t, 1)
    const log = await storage.open()
    const writer = await log.writer()
    await writer.append([record(0, 'a'), record(0, 'b'), record(0, 'c')])
    const first = await log.reader('g')
    const [a, b] = await fetchCount(first, 3)
    assert.equal(a!.value!.toString(), 'a')
    await first.commit([{ partition: 0, offset: b!.offset }])
    await first.close()
    assert.deepEqual(await log.committed('g'), [{ partition: 0, offset: b!.offset }])
    assert.deepEqual(await log.committed('h'), [])
    const second = await log.reader('g')
    assert.deepEqual(texts(await fetchCount(second, 2)), ['b', 'c'])
    const other = await log.reader('h')
    assert.deepEqual(texts(await fetchCount(other, 3)), ['a', 'b', 'c'])
  })

  it('what was not committed comes again to the next reader', async (t) => {
    const log = await (await adapter.create(t, 2)).open()
    const writer = await log.writer()
    await writer.append([record(0, 'a'), record(1, 'b')])
    const first = await log.reader('g')
    await fetchCount(first, 2)
    await first.close()
    const second = await log.reader('g')
    assert.deepEqual(texts(await fetchCount(second, 2)).sort(), ['a', 'b'])
  })

  it('a waiting fetch returns when a record comes, when the time is over, and when it is aborted', async (t) => {
    const log = await (await adapter.create(t, 1)).open()
    const writer = await log.writer()
    const reader = await log.reader('g')
    const waiting = reader.fetch({ ...ALL, maxWaitMs: 30_000 })
    await writer.append([record(0, 'late')])
    let got = recordsOf(await waiting)
    if (got.length === 0) got = await fetchCount(reader, 1)
    assert.deepEqual(texts(got), ['late'])
    assert.deepEqual((await reader.fetch({ ...ALL, maxWaitMs: 20 })).batches, [])
    const abort = new AbortController()
    const aborted = reader.fetch({ ...ALL, maxWaitMs: 30_000 }, abort.signal)
    abort.abort()
    assert.deepEqual((await aborted).batches, [])
  })

  it('a fetch takes as many as it may, and one at least', async (t) => {
    const log = await (await adapter.create(t, 1)).open()
    const writer = await log.writer()
    await writer.append(Array.from({ length: 10 }, (_, i) => record(0, `v${i}`.padEnd(1_000))))
    const reader = await log.reader('g')
    const four = recordsOf(await reader.fetch({ maxRecords: 4, maxBytes: 2 ** 30, maxWaitMs: 5_000 }))
    assert.ok(four.length >= 1 && four.length <= 4)
    const one = recordsOf(await reader.fetch({ maxRecords: 4, maxBytes: 1, maxWaitMs: 5_000 }))
    assert.ok(one.length >= 1)
    const rest = await fetchCount(reader, 10 - four.length - one.length)
    assert.deepEqual(
      texts([...four, ...one, ...rest]).map((text) => text.trim()),
      Array.from({ length: 10 }, (_, i) => `v${i}`),
    )
  })

  it('a full partition does not starve the others', async (t) => {
    const log = await (await adapter.create(t, 3)).open()
    const writer = await log.writer()
    await writer.append(Array.from({ length: 3_000 }, (_, i) => record(0, `n${i}`)))
    await writer.append([record(1, 'one'), record(2, 'two')])
    const reader = await log.reader('g')
    const seen = new Set<number>()
    for (let i = 0; i < 10 && seen.size < 3; i++) {
      const { batches } = await reader.fetch({ maxRecords: 90, maxBytes: 2 ** 30, maxWaitMs: 5_000 })
      for (const { partition } of batches) seen.add(partition)
    }
    assert.deepEqual([...seen].sort(), [0, 1, 2])
  })

  it('bounds and reads outside of groups', async (t) => {
    const log = await (await adapter.create(t, 2)).open()
    const writer = await log.writer()
    await writer.append([record(1, 'a'), record(1, 'b'), record(1, 'c')])
    const [empty, full] = await log.bounds()
    assert.equal(empty!.earliest, empty!.end)
    assert.ok(full!.end - full!.earliest >= 3)
    const found: string[] = []
    for (let at = full!.earliest; ; ) {
      const batch = await log.read(1, at, { maxRecords: 2, maxBytes: 2 ** 20 })
      if (!batch) break
      found.push(...texts(unpack(batch)))
      at = batch.offsets[batch.length - 1]! + 1
    }
    assert.deepEqual(found, ['a', 'b', 'c'])
    assert.equal(await log.read(0, 0, ALL), null)
    assert.deepEqual(await log.committed('nobody'), [])
  })

  it('reads outside of groups anywhere, in any order, as much as is asked for', async (t) => {
    const options = seeded(t, adapter.randomRuns ?? 30)
    const log = await (await adapter.create(t, 2)).open()
    const writer = await log.writer()
    const written: string[][] = [[], []]
    for (let n = 0; n < 300; n++) {
      const partition = n % 3 === 0 ? 1 : 0
      written[partition]!.push(`n${n}`)
      await writer.append([record(partition, `n${n}`)])
    }
    const offsets: number[][] = []
    for (const partition of [0, 1]) {
      const all: number[] = []
      for (let at = 0; ; at = all.at(-1)! + 1) {
        const batch = await log.read(partition, at, ALL)
        if (!batch) break
        all.push(...batch.offsets)
      }
      offsets.push(all)
      assert.equal(all.length, written[partition]!.length)
    }
    const reading = fc.record({
      partition: fc.nat(1),
      index: fc.nat(99),
      reads: fc.integer({ min: 1, max: 4 }),
      maxRecords: fc.integer({ min: 1, max: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(reading, { minLength: 2, maxLength: 6 }), async (readings) => {
        for (const { partition, index, reads, maxRecords } of readings) {
          const expected = written[partition]!
          let next = index
          for (let i = 0; i < reads && next < expected.length; i++) {
            const batch = await log.read(partition, offsets[partition]![next]!, { ...ALL, maxRecords })
            assert.ok(batch && batch.length <= maxRecords)
            assert.deepEqual(texts(unpack(batch)), expected.slice(next, next + batch.length))
            next += batch.length
          }
        }
      }),
      options,
    )
  })

  it('refuses what no retry can mend, and appends nothing of it', async (t) => {
    const log = await (await adapter.create(t, 1)).open()
    const writer = await log.writer()
    const refused = { code: 'log_refused' }
    await assert.rejects(writer.append([record(0, 'good'), record(1, 'no such partition')]), refused)
    await assert.rejects(writer.append([record(-1, '')]), refused)
    await assert.rejects(writer.append([{ ...record(0, ''), value: Buffer.alloc(1_048_577) }]), refused)
    await assert.rejects(writer.append([{ ...record(0, ''), key: Buffer.alloc(1_025) }]), refused)
    await writer.append([record(0, 'after')])
    const reader = await log.reader('g')
    assert.deepEqual(texts(await fetchCount(reader, 1)), ['after'])
  })

  it('any bytes in any grouping come back as they were', async (t) => {
    const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 2 ** 31)
    t.diagnostic(`seed ${seed}`)
    const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
    const timestampMs = fc.nat(1_700_000_000_000)
    const one = fc.record({ partition: fc.nat(2), key: bytes, value: bytes, timestampMs })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(one, { maxLength: 20 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (groups, maxRecords) => {
          const log = await (await adapter.create(t, 3)).open()
          const writer = await log.writer()
          for (const group of groups) await writer.append(group)
          const reader = await log.reader('g')
          const sent = groups.flat()
          const got = await fetchCount(reader, sent.length, { ...ALL, maxRecords })
          for (const partition of [0, 1, 2]) {
            assert.deepEqual(
              got
                .filter((r) => r.partition === partition)
                .map(({ key, value, timestampMs }) => ({ key, value, timestampMs })),
              sent
                .filter((r) => r.partition === partition)
                .map(({ key, value, timestampMs }) => ({
                  key: key && Buffer.from(key),
                  value: value && Buffer.from(value),
                  timestampMs,
                })),
            )
          }
          await log.close()
        },
      ),
      { seed, numRuns: adapter.randomRuns ?? 20, endOnFailure: true },
    )
  })
}

export interface Unpacked {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** The records of a batch as objects of their own. */
export function unpack(batch: RecordBatch): Unpacked[] {
  return Array.from({ length: batch.length }, (_, i) => {
    const [key, value] = [keyAt(batch, i), valueAt(batch, i)]
    return {
      partition: batch.partition,
      offset: batch.offsets[i]!,
      timestampMs: batch.timestamps[i]!,
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
    }
  })
}

/** Fetches until there are so many records, and sees that there are no more. */
export async function fetchCount(
  reader: LogReader,
  count: number,
  limit: FetchLimit = ALL,
): Promise<Unpacked[]> {
  const got: Unpacked[] = []
  while (got.length < count) {
    const records = recordsOf(await reader.fetch({ ...limit, maxWaitMs: 20_000 }))
    assert.ok(records.length <= limit.maxRecords, `${records.length} records came at once`)
    assert.ok(records.length > 0, `only ${got.length} of ${count} records came`)
    got.push(...records)
  }
  assert.equal(got.length, count)
  return got
}

function recordsOf({ batches }: Fetched): Unpacked[] {
  return batches.flatMap(unpack)
}

function texts(records: readonly Unpacked[]): string[] {
  return records.map(({ value }) => value!.toString())
}

function assertAscending(records: readonly Unpacked[]): void {
  const last = new Map<number, number>()
  for (const { partition, offset } of records) {
    assert.ok(offset > (last.get(partition) ?? -1))
    last.set(partition, offset)
  }
}
