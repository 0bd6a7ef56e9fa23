import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, statfsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { StandaloneLedger } from '../../src/log/lmdb/standalone-ledger.ts'
import { FailedEvents } from '../../src/send/failed-events.ts'
import { start, temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from './contract.ts'

test('a full disk: appends say so, nothing is half there, and it heals when there is room', async (t) => {
  const dataDir = await temporaryDirectory(t)
  if (!mountSmall(t, dataDir, '8m')) return
  // Not by t.after: the log must be closed before its file system goes, and that before its directory.
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [dataDir]))
  await writeFile(join(dataDir, 'ballast'), Buffer.alloc(4 * 2 ** 20))
  const { log, ledger, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 1 })
  ending.defer(close)
  const writer = await log.writer()
  let acknowledged = 0
  const large = record(0, 'x'.repeat(100_000))
  const append = () => writer.append([large], ledger.begin([{ ...large, entry: { kind: 'repeat' } }]))
  await assert.rejects(
    async () => {
      for (;;) {
        await append()
        acknowledged++
      }
    },
    { code: 'log_full', retryable: true },
  )
  assert.ok(acknowledged > 5)
  await assert.rejects(append(), { code: 'log_full' })
  assert.equal((await log.bounds())[0]!.end, acknowledged)
  assert.equal(ledger.read().messages, acknowledged)

  await rm(join(dataDir, 'ballast'))
  await append()
  const records = await fetchCount(await log.reader('g'), acknowledged + 1)
  assert.ok(records.every(({ value }) => value!.length === 100_000))
})

test('a disk that stays full does not crash who appends, however often it tries', async (t) => {
  const dataDir = await temporaryDirectory(t)
  if (!mountSmall(t, dataDir, '24m')) return
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [dataDir]))
  const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 6 })
  // Large enough for places in the file to have many digits.
  for (let i = 0; i < 120; i++) await (await log.writer()).append([record(i % 6, 'x'.repeat(100_000))])
  await close()
  const { bavail, bsize } = statfsSync(dataDir)
  await writeFile(join(dataDir, 'ballast'), Buffer.alloc(bavail * bsize))
  const script = join(import.meta.dirname, 'full-disk-process.ts')
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, dataDir, '1000'], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  assert.deepEqual([status, signal], [0, null], stderr.slice(-500))
  assert.match(stdout, /^[1-9]\d* failed$/m)
})

test('a consumer that is started on a full disk waits for room', async (t) => {
  const dataDir = await temporaryDirectory(t)
  if (!mountSmall(t, dataDir, '24m')) return
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [dataDir]))
  const { close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 6 })
  await close()
  const ballast = join(dataDir, 'ballast')
  const { bavail, bsize } = statfsSync(dataDir)
  await writeFile(ballast, Buffer.alloc(bavail * bsize))
  const consumer = start(t, ['consumer', '--consumer-port', '0'], {
    MILLRACE_DATA_DIR: dataDir,
    // Nobody: what comes after the log is enough to see.
    MILLRACE_CLICKHOUSE_URL: 'http://127.0.0.1:1',
  })
  ending.defer(async () => {
    consumer.child.kill('SIGKILL')
    await consumer.ended
  })
  const said = (what: RegExp) => () => {
    assert.ok(consumer.running, consumer.stderr)
    return what.test(consumer.stdout + consumer.stderr)
  }
  await eventually('it to say why it waits', said(/The log is away, attempt 2.* is full/))
  await rm(ballast)
  await eventually('it to go on to the store', said(/The log is back[\s\S]*The store is away/))
})

test('failed events that cannot be kept either leave no file open', async (t) => {
  const directory = await temporaryDirectory(t)
  if (!mountSmall(t, directory, '1m')) return
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [directory]))
  const { bavail, bsize } = statfsSync(directory)
  await writeFile(join(directory, 'ballast'), Buffer.alloc(bavail * bsize))
  const lines: string[] = []
  const logger = pino({ level: 'fatal' }, { write: (line) => lines.push(line) })
  const failedEvents = new FailedEvents({ directory, logger, now: Date.now })
  ending.defer(() => failedEvents.close())
  const entry = { kind: 'repeat' } as const
  const open = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 20; i++) await failedEvents.keep([{ ...record(0, `${i}`), entry }], 'a test')
  assert.equal(lines.length, 20)
  assert.equal(readdirSync('/proc/self/fd').length, open)
})

test('the ledger beside Kafka on a full disk: nothing is sent that is not written down, and what is acknowledged is counted later', async (t) => {
  const dataDir = await temporaryDirectory(t)
  if (!mountSmall(t, dataDir, '16m')) return
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [dataDir]))
  const ledger = new StandaloneLedger(dataDir, 'page-views')
  ending.defer(() => ledger.close())
  const message = (n: number) => {
    const entry = { pageId: '/', timestampMs: 60_000, durationMs: 1, isBounce: false } as const
    const key = Buffer.from(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
    return { key, entry: { kind: 'view', ...entry } } as const
  }
  const open = [ledger.begin([message(0), message(1)]), ledger.begin([message(2)])]
  const { bavail, bsize } = statfsSync(dataDir)
  await writeFile(join(dataDir, 'ballast'), Buffer.alloc(bavail * bsize))
  assert.throws(
    () => {
      for (let n = 3; n < 100_000; n++) ledger.begin([message(n)]).givenUp()
    },
    { code: 'log_full', retryable: true },
  )
  const [first, second] = open[0]!.split()
  first!.acknowledged()
  second!.unanswered()
  second!.givenUp()
  open[1]!.acknowledged()
  await sleep(100)
  await rm(join(dataDir, 'ballast'))
  ledger.begin([message(100_000)]).acknowledged()
  await eventually('all to be counted', () => ledger.read().messages === 3)
  const { views, unknown } = ledger.read()
  assert.deepEqual([views, unknown.messages, unknown.views.size], [3, 1, 1])
})

/** @returns false, and the test is skipped, where that is not allowed */
function mountSmall(t: TestContext, directory: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'pipe' })
    return true
  } catch (error) {
    t.skip(`A SMALL FILE SYSTEM CANNOT BE MOUNTED HERE, so a full disk is not tested: ${error}`)
    return false
  }
}
