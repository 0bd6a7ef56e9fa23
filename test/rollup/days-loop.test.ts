import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { listen } from '../../src/observe/events.ts'
import { DaysLoop } from '../../src/rollup/days-loop.ts'

/** A loop whose time only the test moves; each building takes 100 ms. */
function looping(t: import('node:test').TestContext, outcomes: (boolean | Error)[], pressure = () => 0) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  let now = 0
  let builds = 0
  const days = {
    async buildNext() {
      builds += 1
      now += 100
      const outcome = outcomes.shift() ?? false
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
  const loop = new DaysLoop({ days, pressure, monotonic: () => now })
  t.after(() => loop.stop())
  return {
    loop,
    builds: () => builds,
    async pass(ms: number) {
      mock.timers.tick(ms)
      for (let i = 0; i < 10; i++) await Promise.resolve()
    },
  }
}

test('days are built one after the other with rests, then it looks once a minute', async (t) => {
  const { loop, pass, builds } = looping(t, [true, true])
  loop.start()
  await pass(0)
  assert.equal(builds(), 1)
  await pass(299)
  assert.equal(builds(), 1)
  await pass(1)
  assert.equal(builds(), 2)
  await pass(300)
  assert.equal(builds(), 3)
  await pass(59_999)
  assert.equal(builds(), 3)
  await pass(1)
  assert.equal(builds(), 4)
})

test('while a backlog is read, and after a failure, it waits; a failure is told', async (t) => {
  let pressure = 1
  const { loop, pass, builds } = looping(t, [new Error('the store is away'), true], () => pressure)
  const told: string[] = []
  t.after(listen('rollup:day-failed', ({ message }) => told.push(message)))
  loop.start()
  await pass(0)
  assert.equal(builds(), 0)
  pressure = 0
  await pass(60_000)
  assert.deepEqual([builds(), told], [1, ['the store is away']])
  await pass(60_000)
  assert.equal(builds(), 2)
})

test('after it was stopped nothing is built', async (t) => {
  const { loop, pass, builds } = looping(t, [true, true])
  loop.start()
  await pass(0)
  await loop.stop()
  await pass(3_600_000)
  assert.equal(builds(), 1)
})
