import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { fetchCount, type Unpacked } from './contract.ts'

const ROUNDS = 10

test(`SIGKILL while appending, ${ROUNDS} times: what was acknowledged is there once, and the ledger equals the log`, async (t) => {
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}: MILLRACE_TEST_SEED=${seed} runs it again`)
  const random = xoroshiro128plus(seed)
  const dataDir = await temporaryDirectory(t)
  const acknowledged: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await appendUntilKilled(dataDir, round * 1_000_000, uniformInt(random, 1, 300))))
    await assertWhole(dataDir, acknowledged)
  }
  t.diagnostic(`${acknowledged.length} appends were acknowledged`)
})

/** @returns the numbers that the process said were acknowledged */
async function appendUntilKilled(dataDir: string, from: number, afterMs: number): Promise<number[]> {
  const program = resolve(import.meta.dirname, 'append-process.ts')
  const child = spawn(process.execPath, [program, dataDir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child.stdout, 'data')
  await sleep(afterMs)
  child.kill('SIGKILL')
  await once(child, 'close')
  return output.slice(0, output.lastIndexOf('\n')).split('\n').map(Number)
}

async function assertWhole(dataDir: string, acknowledged: readonly number[]): Promise<void> {
  const { log, ledger, close } = await openLmdbLog({ dataDir, topic: 'page-views' })
  const bounds = await log.bounds()
  const reader = await log.reader('check')
  const records = await fetchCount(
    reader,
    bounds.reduce((sum, { end }) => sum + end, 0),
  )
  for (const { partition, end } of bounds) {
    const offsets = records.filter((r) => r.partition === partition).map((r) => r.offset)
    assert.deepEqual(
      offsets,
      Array.from({ length: end }, (_, i) => i),
      'offsets are dense',
    )
  }
  const numbers = records.map((r) => Number(r.value!.toString()))
  assert.equal(new Set(numbers).size, numbers.length, 'no record is there twice')
  const stored = new Set(numbers)
  assert.deepEqual(
    acknowledged.filter((n) => !stored.has(n)),
    [],
    'what was acknowledged is there',
  )
  assertLedger(ledger.read(), records)
  await close()
}

function assertLedger(
  {
    messages,
    views,
    windows,
  }: {
    messages: number
    views: number
    windows: readonly { durationMs: number; bounces: number; views: number }[]
  },
  records: readonly Unpacked[],
): void {
  const numbers = records.map((r) => Number(r.value!.toString()))
  const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0)
  assert.equal(messages, records.length)
  assert.equal(views, records.length)
  assert.equal(sum(windows.map((w) => w.views)), records.length)
  assert.equal(sum(windows.map((w) => w.bounces)), numbers.filter((n) => n % 2 === 0).length)
  assert.equal(sum(windows.map((w) => w.durationMs)), sum(numbers))
}
