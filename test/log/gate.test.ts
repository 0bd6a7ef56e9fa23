import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { closeEnvironment, openEnvironment, openTable, transact } from '../../src/log/lmdb/environment.ts'
import { Gate } from '../../src/log/lmdb/gate.ts'
import { temporaryDirectory } from '../helpers/program.ts'

/** Resolves when a process of its own holds the gate of this environment, or a transaction. */
async function holding(t: TestContext, path: string, what: 'gate' | 'transaction', ms: number) {
  const program = resolve(import.meta.dirname, 'hold-process.ts')
  const child = spawn(process.execPath, [program, path, what, String(ms)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  while (!said.includes('held')) await once(child.stdout, 'data')
  const releasedAt = async (): Promise<number> => {
    await ended(child)
    return Number(/released (\d+)/.exec(said)?.[1])
  }
  return { child, releasedAt }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
}

test('an environment is opened behind the gate: opening would take back what is committed meanwhile', async (t) => {
  const path = join(await temporaryDirectory(t), 'log')
  const { releasedAt } = await holding(t, path, 'gate', 700)
  const environment = openEnvironment(path)
  const openedAt = Date.now()
  t.after(() => closeEnvironment(environment))
  assert.ok(openedAt >= (await releasedAt()))
})

test('transactions are behind the same gate', async (t) => {
  const path = join(await temporaryDirectory(t), 'log')
  const { releasedAt } = await holding(t, path, 'transaction', 700)
  const gate = new Gate(join(path, 'gate'))
  t.after(() => gate.close())
  const heldAt = gate.hold(() => Date.now())
  assert.ok(heldAt >= (await releasedAt()))
  const environment = openEnvironment(path)
  t.after(() => closeEnvironment(environment))
  assert.equal(openTable(environment, 'test').get(Buffer.from('key'))?.toString(), 'value')
})

test('who is killed behind the gate keeps nobody out, and what it had not committed is not there', async (t) => {
  const path = join(await temporaryDirectory(t), 'log')
  const { child } = await holding(t, path, 'transaction', 60_000)
  child.kill('SIGKILL')
  await ended(child)
  const environment = openEnvironment(path)
  t.after(() => closeEnvironment(environment))
  const table = openTable(environment, 'test')
  assert.equal(table.get(Buffer.from('key')), undefined)
  transact(environment, () => table.putSync(Buffer.from('key'), Buffer.from('mine')))
  assert.equal(table.get(Buffer.from('key'))?.toString(), 'mine')
})
