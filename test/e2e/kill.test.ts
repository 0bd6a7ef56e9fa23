import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { processTree, System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const ROUNDS = 10

/**
 * SIGKILL of every process at one random moment under load, started again: nothing is lost and nothing counts twice.
 * MILLRACE_TEST_SEED repeats a run.
 */
test(`the whole tree killed under load, ${ROUNDS} times: verify agrees each time`, async (t) => {
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}: MILLRACE_TEST_SEED=${seed} runs it again`)
  const random = xoroshiro128plus(seed)
  const system = await System.create(t, { MILLRACE_SPEED: '2000' })
  let processedBefore = 0

  for (let round = 1; round <= ROUNDS; round++) {
    const program = await system.up()
    await eventually('events to flow', async () => (await system.consumerStatus()).valid > 0)
    await sleep(uniformInt(random, 0, 2_500))
    const victims = await processTree(program.child.pid!)
    for (const pid of victims) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended because its parent did.
      }
    }
    await program.ended
    t.diagnostic(`round ${round}: killed ${victims.length} processes`)

    const again = await system.up()
    await system.post(`${system.producerUrl}/generate/pause`)
    const report = await system.verifyAgrees()
    const { raw } = report as unknown as { raw: { unique: number } }
    assert.ok(raw.unique > processedBefore, 'the round sent nothing, so it showed nothing')
    processedBefore = raw.unique
    const ended = await again.interrupt()
    assert.equal(ended.status, 0, ended.stderr)
  }
})
