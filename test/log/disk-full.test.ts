import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEnvironment } from '../../src/log/lmdb/environment.ts'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { fetchCount, record } from './contract.ts'

test('a full disk: appends say so, nothing is half there, and it heals when there is room', async (t) => {
  const dataDir = await temporaryDirectory(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir], { stdio: 'pipe' })
  } catch (error) {
    t.skip(`A SMALL FILE SYSTEM CANNOT BE MOUNTED HERE, so a full disk is not tested: ${error}`)
    return
  }
  // Not by t.after: the log must be closed before its file system goes, and that before its directory.
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [dataDir]))
  await writeFile(join(dataDir, 'ballast'), Buffer.alloc(4 * 2 ** 20))
  const { log, ledger, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 1 })
  ending.defer(close)
  const writer = await log.writer()
  let acknowledged = 0
  const large = record(0, 'x'.repeat(100_000))
  const append = () => writer.append([large], ledger.begin([{ record: large, entry: { kind: 'repeat' } }]))
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

test('no transaction is begun on a full disk: what lmdb-js says of a write that failed can end the process', async (t) => {
  const path = await temporaryDirectory(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'pipe' })
  } catch (error) {
    t.skip(`A SMALL FILE SYSTEM CANNOT BE MOUNTED HERE, so a full disk is not tested: ${error}`)
    return
  }
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void execFileSync('umount', [path]))
  const environment = openEnvironment(join(path, 'log'))
  ending.defer(() => environment.close())
  let begun = 0
  const begin = () => environment.transactionSync(() => begun++)
  begin()
  const ballast = join(path, 'ballast')
  await assert.rejects(writeFile(ballast, Buffer.alloc(2 ** 23)), { code: 'ENOSPC' })
  assert.throws(begin, { code: 'log_full', retryable: true })
  await rm(ballast)
  begin()
  assert.equal(begun, 2)
})
