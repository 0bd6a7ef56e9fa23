import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { Level } from '../../src/rollup/levels.ts'
import { RollUpLoop } from '../../src/rollup/loop.ts'
import { LEVEL_NAMES, type Restless, type RollUpRun } from '../../src/rollup/rollup.ts'
import type { Stale } from '../../src/rollup/windows.ts'

/** A roll-up whose runs the test sees and answers. */
class Scripted {
  readonly runs: Level[][] = []
  restless: Restless | undefined
  answer: () => RollUpRun | Promise<RollUpRun> = () => run({})

  async run(isDue: (level: Level) => boolean, restless?: Restless): Promise<RollUpRun> {
    this.runs.push(LEVEL_NAMES.filter(isDue))
    this.restless = restless
    return this.answer()
  }
}

function run(
  stale: Partial<Record<Level, number>>,
  tookMs: RollUpRun['tookMs'] = {},
  sinceMs = 900,
  eventsRead = 0,
): RollUpRun {
  const level = (name: Level): Stale['levels'][Level] => {
    const windows = stale[name] ?? 0
    return { windows, sinceMs: windows > 0 ? sinceMs : Number.POSITIVE_INFINITY, rows: [] }
  }
  return {
    left: { asOfMs: 1_000, levels: { slice: level('slice'), minute: level('minute'), hour: level('hour') } },
    tookMs,
    eventsRead,
  }
}

/** A loop whose time only the test moves. */
function looping(
  t: import('node:test').TestContext,
  rollUp: Scripted,
  pressure = () => 0,
  isDraining = () => false,
  isWriting = () => false,
) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  let now = 0
  const loop = new RollUpLoop({
    ...{ rollUp, pressure, isDraining, isWriting },
    monotonic: () => now,
    random: () => 1,
  })
  t.after(() => loop.stop())
  return {
    loop,
    async settle() {
      for (let i = 0; i < 20; i++) await Promise.resolve()
    },
    async pass(ms: number) {
      now += ms
      mock.timers.tick(ms)
      await this.settle()
    },
  }
}

test('it looks for marks every second, and at once after a flush', async (t) => {
  const rollUp = new Scripted()
  const { loop, pass, settle } = looping(t, rollUp)
  const time = { pass, settle }
  assert.equal(loop.status().freshAsOfMs, null)
  loop.start()
  await time.settle()
  assert.equal(rollUp.runs.length, 1)
  assert.deepEqual(loop.status().freshAsOfMs, { minute: 1_000, hour: 1_000 })
  await time.pass(999)
  assert.equal(rollUp.runs.length, 1)
  await time.pass(1)
  assert.equal(rollUp.runs.length, 2)
  await time.pass(10)
  loop.wake()
  await time.pass(0)
  assert.equal(rollUp.runs.length, 3)
})

test('a level that takes long waits in proportion, the finer ones do not', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  rollUp.answer = () => run({ hour: 1 }, { slice: 10, minute: 20, hour: 8 })
  time.loop.start()
  await time.settle()
  assert.deepEqual(rollUp.runs, [['slice', 'minute', 'hour']])
  assert.deepEqual(time.loop.status().freshAsOfMs, { minute: 1_000, hour: 900 })
  rollUp.answer = () => run({ hour: 1 }, {})
  await time.pass(50)
  time.loop.wake()
  await time.pass(0)
  assert.deepEqual(rollUp.runs.at(-1), ['slice', 'minute'])
  await time.pass(341)
  assert.equal(rollUp.runs.length, 2)
  await time.pass(1)
  assert.deepEqual(rollUp.runs.at(-1), ['slice', 'minute', 'hour'])
})

test('slices with very many events are left alone for longer, but not without end, and not while a backlog is drained', async (t) => {
  for (const [eventsRead, isDraining, restMs] of [
    [300_000, false, 100],
    [350_000, false, 500],
    [390_000, false, 900],
    [2_000_000, false, 1_000],
    [2_000_000, true, 500],
  ] as const) {
    const rollUp = new Scripted()
    const time = looping(t, rollUp, undefined, () => isDraining)
    rollUp.answer = () => run({}, { slice: 200 }, undefined, eventsRead)
    time.loop.start()
    await time.settle()
    assert.equal(Math.round(time.loop.looksInMs()), restMs, `${eventsRead} events`)
    mock.timers.reset()
  }
})

test('slices with very many events are looked at when what is being written is there', async (t) => {
  const rollUp = new Scripted()
  let isWriting = true
  const time = looping(t, rollUp, undefined, undefined, () => isWriting)
  rollUp.answer = () => run({ slice: 1 }, { slice: 200 }, undefined, 400_000)
  time.loop.start()
  await time.settle()
  await time.pass(1_000)
  assert.equal(rollUp.runs.length, 1)
  time.loop.wake()
  await time.pass(0)
  assert.equal(rollUp.runs.length, 2)
  await time.pass(1_000)
  await time.pass(499)
  assert.equal(rollUp.runs.length, 2)
  await time.pass(1)
  assert.equal(rollUp.runs.length, 3)
  isWriting = false
  await time.pass(1_000)
  assert.equal(rollUp.runs.length, 4)
})

test('while a backlog is drained they wait for nothing that is being written', async (t) => {
  const rollUp = new Scripted()
  const time = looping(
    t,
    rollUp,
    undefined,
    () => true,
    () => true,
  )
  rollUp.answer = () => run({ slice: 1 }, { slice: 200 }, undefined, 400_000)
  time.loop.start()
  await time.settle()
  await time.pass(1_000)
  assert.equal(rollUp.runs.length, 2)
})

test('a level that takes very long does not wait without end', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  rollUp.answer = () => run({}, { slice: 60_000 })
  time.loop.start()
  await time.settle()
  assert.equal(Math.round(time.loop.looksInMs()), 5_000)
})

test('it tells how long what is written now would lie there', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  assert.equal(time.loop.looksInMs(), 0)
  let underWay = Promise.withResolvers<RollUpRun>()
  rollUp.answer = () => underWay.promise
  time.loop.start()
  await time.settle()
  assert.equal(time.loop.looksInMs(), 0, 'nobody knows how long a first run takes')
  await time.pass(300)
  underWay.resolve(run({}, { slice: 200, minute: 100 }))
  await time.settle()
  assert.equal(Math.round(time.loop.looksInMs()), 100, 'slices rest')
  await time.pass(40)
  assert.equal(Math.round(time.loop.looksInMs()), 60)
  underWay = Promise.withResolvers()
  time.loop.wake()
  await time.pass(60)
  assert.equal(Math.round(time.loop.looksInMs()), 400, 'a run as long as the last one, and a rest')
  await time.pass(100)
  assert.equal(Math.round(time.loop.looksInMs()), 300)
  underWay.reject(new Error('nobody there'))
  await time.settle()
  assert.equal(time.loop.looksInMs(), 0, 'nobody looks, and it is no reason to wait')
})

test('a flush while slices rest runs as soon as they may', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  rollUp.answer = () => run({}, { slice: 200 })
  time.loop.start()
  await time.settle()
  time.loop.wake()
  await time.pass(99)
  assert.equal(rollUp.runs.length, 1)
  await time.pass(1)
  assert.equal(rollUp.runs.length, 2)
})

test('when the store is away it pauses longer and longer, says why, and goes on', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  rollUp.answer = () => {
    throw new Error('nobody there')
  }
  time.loop.start()
  await time.settle()
  assert.equal(time.loop.status().failure, 'nobody there')
  for (const pause of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    const before = rollUp.runs.length
    time.loop.wake()
    await time.pass(pause - 1)
    assert.equal(rollUp.runs.length, before)
    await time.pass(1)
    assert.equal(rollUp.runs.length, before + 1)
  }
  rollUp.answer = () => run({})
  await time.pass(10_000)
  assert.equal(time.loop.status().failure, null)
})

test('it stops when the run under way has ended', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  const ends = Promise.withResolvers<RollUpRun>()
  rollUp.run = () => ends.promise
  time.loop.start()
  let stopped = false
  const stopping = time.loop.stop().then(() => {
    stopped = true
  })
  await time.settle()
  assert.equal(stopped, false)
  ends.resolve(run({}))
  await stopping
})

test('the more of a backlog is read, the longer roll-ups wait; they make up for it when it is gone', async (t) => {
  const rollUp = new Scripted()
  let pressure = 0
  const time = looping(t, rollUp, () => pressure)
  rollUp.answer = () => run({ slice: 1 }, rollUp.runs.at(-1)!.includes('slice') ? { slice: 100 } : {})
  time.loop.start()
  await time.settle()
  const restMs = async (): Promise<number> => {
    const runs = rollUp.runs.length
    for (let ms = 1; ms <= 5_000; ms++) {
      await time.pass(1)
      if (rollUp.runs.at(-1)?.includes('slice') && rollUp.runs.length > runs) return ms
    }
    return Number.POSITIVE_INFINITY
  }
  const none = await restMs()
  pressure = 0.5
  await restMs()
  const half = await restMs()
  pressure = 1
  await restMs()
  const whole = await restMs()
  assert.deepEqual([none, half, whole], [50, 500, 1_100])
})

test('after a flush a slice is stale, whatever the run before had found', async (t) => {
  const rollUp = new Scripted()
  const time = looping(t, rollUp)
  const underWay = Promise.withResolvers<RollUpRun>()
  rollUp.answer = () => underWay.promise
  time.loop.start()
  await time.settle()
  time.loop.wake()
  assert.equal(time.loop.status().staleWindows.slice, 1)
  underWay.resolve(run({}))
  await time.settle()
  // That run may have looked before the flush.
  assert.equal(time.loop.status().staleWindows.slice, 1)
  rollUp.answer = () => run({})
  await time.pass(0)
  assert.equal(rollUp.runs.length, 2)
  assert.equal(time.loop.status().staleWindows.slice, 0)
})

test('while a backlog is drained, what the last flush changed is left for later; at its end nothing waits any longer', async (t) => {
  const rollUp = new Scripted()
  let draining = true
  const time = looping(
    t,
    rollUp,
    () => (draining ? 1 : 0),
    () => draining,
  )
  rollUp.answer = () => run({ slice: 1, hour: 1 }, { slice: 4_000, minute: 100, hour: 1_000 })
  time.loop.wake()
  time.loop.start()
  await time.settle()
  assert.deepEqual(rollUp.restless, { changedWithinMs: 500, forAtMostMs: 20_000 })
  await time.pass(1_900)
  assert.equal(rollUp.runs.filter((levels) => levels.includes('slice')).length, 1)
  draining = false
  time.loop.wake()
  await time.pass(0)
  assert.deepEqual(rollUp.runs.at(-1), ['slice', 'minute', 'hour'])
  assert.deepEqual(rollUp.restless, { changedWithinMs: 0, forAtMostMs: 0 })
})
