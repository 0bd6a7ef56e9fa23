import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { fetchCount } from './contract.ts'

test('what another process appends wakes a waiting reader', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 3 })
  t.after(close)
  const reader = await log.reader('g')
  const waiting = reader.fetch({ maxRecords: 10, maxBytes: 1e6, maxWaitMs: 30_000 })
  const program = resolve(import.meta.dirname, 'append-process.ts')
  const child = spawn(process.execPath, [program, dataDir, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const { batches } = await waiting
  assert.ok(batches.length > 0)
  child.kill('SIGKILL')
  await once(child, 'close')
})

test('the group of a process that was killed can be joined at once', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const program = resolve(import.meta.dirname, 'read-process.ts')
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 3 })
  t.after(close)
  await assert.rejects(log.reader('g'), {
    code: 'already_running',
    message: new RegExp(`\\b${child.pid}\\b`),
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  const reader = await log.reader('g')
  assert.deepEqual(await fetchCount(reader, 0), [])
})
