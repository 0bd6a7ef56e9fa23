import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type LmdbLogOptions, openLmdbLog } from '../../src/log/lmdb/open.ts'
import type { EventLog } from '../../src/log/port.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'
import { eventLogContract, fetchCount, record } from './contract.ts'

eventLogContract({
  name: 'LMDB',
  async create(t, partitions) {
    const dataDir = await temporaryDirectory(t)
    return { open: () => opened(t, { dataDir, partitions }) }
  },
})

async function opened(t: TestContext, options: Omit<LmdbLogOptions, 'topic'>): Promise<EventLog> {
  const { log, close } = await openLmdbLog({ topic: 'page-views', ...options })
  t.after(close)
  return log
}

test('a second reader of a group is refused with the pid of the first, until that one leaves', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const log = await opened(t, { dataDir })
  const first = await log.reader('g')
  await assert.rejects(log.reader('g'), {
    code: 'already_running',
    message: new RegExp(`\\b${process.pid}\\b`),
  })
  await first.close()
  await (await log.reader('g')).close()
})

test('a topic keeps the number of partitions that it was made with', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const first = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 3 })
  await first.close()
  assert.equal((await opened(t, { dataDir, partitions: 8 })).partitions, 3)
})

test('records and positions outlast the process that wrote them', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const first = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 1 })
  await (await first.log.writer()).append([record(0, 'a'), record(0, 'b')])
  await (await first.log.reader('g')).commit([{ partition: 0, offset: 1 }])
  await first.close()
  const again = await opened(t, { dataDir })
  const [b] = await fetchCount(await again.reader('g'), 1)
  assert.equal(b!.value!.toString(), 'b')
})

test('the log directory removed: reading goes on at the beginning of the new log, and the gap is told', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const first = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 1 })
  await (await first.log.writer()).append([record(0, 'a'), record(0, 'b')])
  await (await first.log.reader('g')).commit([{ partition: 0, offset: 2 }])
  await first.close()
  await rm(join(dataDir, 'log'), { recursive: true })

  const log = await opened(t, { dataDir, partitions: 1 })
  assert.deepEqual(await log.committed('g'), [])
  // As many as were committed in the old log: the offset alone could not tell.
  await (await log.writer()).append([record(0, 'c'), record(0, 'd'), record(0, 'e')])
  const reader = await log.reader('g')
  const { batches, gaps } = await reader.fetch({ maxRecords: 10, maxBytes: 1e6, maxWaitMs: 1_000 })
  assert.deepEqual(gaps, [{ partition: 0, expected: 2, resumedAt: 0 }])
  assert.equal(batches[0]!.length, 3)
})

test('retention by age and by size removes the oldest; a reader that was there resumes and tells', async (t) => {
  const dataDir = await temporaryDirectory(t)
  let now = 1_000_000
  const log = await opened(t, {
    dataDir,
    partitions: 2,
    retention: { ageMs: 1_000, bytes: 50_000, intervalMs: 10 },
    now: () => now,
  })
  const writer = await log.writer()
  await writer.append([record(0, 'old')])
  await writer.append([record(1, 'old too')])
  const reader = await log.reader('g')
  await fetchCount(reader, 2)
  await reader.commit([{ partition: 0, offset: 0 }])
  await reader.close()
  now += 5_000
  await writer.append([record(0, 'new')])
  const earliest = async (): Promise<number[]> => (await log.bounds()).map((b) => b.earliest)
  await eventually('the old records to go', async () => (await earliest()).join() === '1,1')
  const again = await log.reader('g')
  const { gaps, batches } = await again.fetch({ maxRecords: 10, maxBytes: 1e6, maxWaitMs: 1_000 })
  assert.deepEqual(gaps, [{ partition: 0, expected: 0, resumedAt: 1 }])
  assert.equal(batches[0]!.offsets[0], 1)

  for (let i = 0; i < 20; i++) await writer.append([record(0, 'x'.repeat(10_000))])
  await eventually('the log to be small again', async () => {
    const [first] = await log.bounds()
    return first!.end - first!.earliest <= 5
  })
  const [first] = await log.bounds()
  assert.ok(first!.end - first!.earliest >= 4, 'as much as fits is kept')
})

test('a directory that holds something else, or is a file, is refused by name', async (t) => {
  const dataDir = await temporaryDirectory(t)
  await writeFile(join(dataDir, 'log'), 'a file')
  await assert.rejects(openLmdbLog({ dataDir, topic: 'page-views' }), {
    code: 'file_unusable',
    message: /log/,
  })
  const other = await temporaryDirectory(t)
  await mkdir(join(other, 'log'))
  await writeFile(join(other, 'log', 'data.mdb'), Buffer.alloc(100_000, 'no database'))
  await assert.rejects(openLmdbLog({ dataDir: other, topic: 'page-views' }), { code: 'file_unusable' })
})
