import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processTree, System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('ClickHouse killed under load: it comes back, health says so meanwhile, and nothing is lost', async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '500' })
  const program = await system.up()
  await eventually('events to flow', async () => (await system.consumerStatus()).valid > 0)

  for (let round = 0; round < 3; round++) {
    const server = await serverProcess(program.child.pid!)
    process.kill(server, 'SIGKILL')
    await eventually('another server', async () => {
      const next = await serverProcess(program.child.pid!).catch(() => undefined)
      return next !== undefined && next !== server
    })
    await eventually('the consumer to be healthy', async () => {
      return (await fetch(`${system.consumerUrl}/health`)).ok
    })
  }
  await system.post(`${system.producerUrl}/generate/pause`)
  await system.verifyAgrees()
  assert.equal((await program.interrupt()).status, 0)
})

test('ClickHouse stopped for a while: health turns 503, then everything catches up', async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '500' })
  const program = await system.up()
  await eventually('events to flow', async () => (await system.consumerStatus()).valid > 0)
  const server = await serverProcess(program.child.pid!)
  process.kill(server, 'SIGKILL')
  const { promise: seen, resolve } = Promise.withResolvers<string>()
  const watch = setInterval(async () => {
    const response = await fetch(`${system.consumerUrl}/health`).catch(() => undefined)
    if (response?.status === 503) resolve(await response.text())
  }, 20)
  t.after(() => clearInterval(watch))
  assert.match(await seen, /store|ClickHouse/)
  await eventually(
    'the consumer to be healthy again',
    async () => (await fetch(`${system.consumerUrl}/health`)).ok,
  )
  await system.post(`${system.producerUrl}/generate/pause`)
  await system.verifyAgrees()
  await program.interrupt()
})

/** The process of the local ClickHouse server in a tree. */
async function serverProcess(root: number): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  for (const pid of await processTree(root)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('server-process')) return pid
  }
  throw new Error('there is no ClickHouse server')
}
