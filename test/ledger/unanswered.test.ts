import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Sendable } from '../../src/ledger/port.ts'
import { StandaloneLedger } from '../../src/log/lmdb/standalone-ledger.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { outgoing } from '../send/messages.ts'

const INVALID = outgoing(9, { kind: 'invalid', reason: 'broken_json' })
const ID = (n: number): string => `0199f2a4-7c1e-7b3a-9c55-${String(n).padStart(12, '0')}`

async function ledgerOf(t: TestContext): Promise<{ ledger: StandaloneLedger; dataDir: string }> {
  const dataDir = await temporaryDirectory(t)
  const ledger = new StandaloneLedger(dataDir, 'page-views')
  t.after(() => ledger.close())
  return { ledger, dataDir }
}

/** What a second process reads. */
async function readAgain(dataDir: string) {
  const ledger = new StandaloneLedger(dataDir, 'page-views')
  try {
    return ledger.read()
  } finally {
    await ledger.close()
  }
}

test('what is on its way is unknown, and counts once it is acknowledged', async (t) => {
  const { ledger, dataDir } = await ledgerOf(t)
  const sending = ledger.begin([outgoing(1), outgoing(2), INVALID])
  const during = ledger.read()
  assert.equal(during.messages, 0)
  assert.deepEqual(during.unknown, {
    messages: 3,
    invalid: { broken_json: 1 },
    views: new Set([ID(1), ID(2)]),
  })
  sending.acknowledged()
  await ledger.close()
  const after = await readAgain(dataDir)
  assert.deepEqual([after.messages, after.views, after.invalid], [3, 2, { broken_json: 1 }])
  assert.deepEqual(after.unknown, { messages: 0, invalid: {}, views: new Set() })
  const left = await readdir(join(dataDir, 'ledger', 'sendings-page-views'))
  assert.deepEqual(left, [], 'a file whose sendings are finished is removed')
})

test('an attempt without an answer stays an attempt too many, whatever comes of the next one', async (t) => {
  const { ledger, dataDir } = await ledgerOf(t)
  const sending = ledger.begin([outgoing(1), INVALID])
  sending.unanswered()
  sending.acknowledged()
  await ledger.close()
  const { messages, unknown } = await readAgain(dataDir)
  assert.equal(messages, 2)
  assert.deepEqual(unknown, { messages: 2, invalid: { broken_json: 1 }, views: new Set() })
})

test('what is given up after an unanswered attempt stays unknown; what was refused does not', async (t) => {
  const { ledger, dataDir } = await ledgerOf(t)
  const lost = ledger.begin([outgoing(1)])
  lost.unanswered()
  lost.givenUp()
  ledger.begin([outgoing(2)]).givenUp()
  await ledger.close()
  assert.deepEqual((await readAgain(dataDir)).unknown.views, new Set([ID(1)]))
})

test('one by one after an attempt of all: each is in doubt still', async (t) => {
  const { ledger, dataDir } = await ledgerOf(t)
  const all = ledger.begin([outgoing(1), outgoing(2)])
  all.unanswered()
  const [one, two] = all.split()
  one!.acknowledged()
  two!.givenUp()
  await ledger.close()
  const { messages, unknown } = await readAgain(dataDir)
  assert.equal(messages, 1)
  assert.deepEqual(unknown, { messages: 2, invalid: {}, views: new Set([ID(2)]) })
})

test('an unknown page view that is sent again is known', async (t) => {
  const { ledger, dataDir } = await ledgerOf(t)
  const lost = ledger.begin([outgoing(1)])
  lost.unanswered()
  lost.givenUp()
  const { key, entry } = outgoing(1)
  assert.ok(entry.kind === 'view')
  const again: Sendable = { key, entry: { ...entry, kind: 'view-once', eventId: ID(1) } }
  ledger.begin([again]).acknowledged()
  await ledger.close()
  const { views, unknown } = await readAgain(dataDir)
  assert.equal(views, 1)
  assert.deepEqual(unknown.views, new Set())
})

test('what a killed process was sending is unknown', { timeout: 60_000 }, async (t) => {
  const dataDir = await temporaryDirectory(t)
  const program = resolve(import.meta.dirname, 'sending-process.ts')
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const { views, unknown } = await readAgain(dataDir)
  assert.equal(views, 2, 'what was acknowledged')
  assert.deepEqual(unknown.views, new Set([ID(3)]))
})
