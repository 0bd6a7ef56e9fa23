import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Mode, Pacer } from '../../../src/producer/generator/modes.ts'

/** How many events are due in each tick. */
function run(pacer: Pacer, ms: number, tickMs = 10): number[] {
  return Array.from({ length: Math.round(ms / tickMs) }, () => pacer.due(tickMs))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

function pacer(mode: Mode, seed = 5): Pacer {
  return new Pacer({ seed, mode })
}

test('regular: 1 to 10 events a second, wandering', () => {
  const regular = pacer('regular')
  const rates = new Set<number>()
  let events = 0
  for (let second = 0; second < 600; second++) {
    const rate = regular.rateNow()
    assert.ok(rate >= 1 && rate <= 10, `${rate} events/s`)
    rates.add(Math.round(rate))
    events += sum(run(regular, 1_000))
  }
  assert.ok(rates.size >= 8, `${rates.size} different rates`)
  assert.ok(events >= 600 && events <= 6_000, `${events} events in 600 s`)
})

test('peak: bursts of 100 to 1,000 events over 2 s, and regular between them', () => {
  for (const tickMs of [10, 17, 250]) {
    const peak = pacer('peak')
    const bursts: number[] = []
    let inBurst = false
    for (let ms = 0; ms < 600_000; ms += tickMs) {
      const isBurst = peak.rateNow() > 10
      if (isBurst && !inBurst) bursts.push(0)
      inBurst = isBurst
      const due = peak.due(tickMs)
      if (inBurst) bursts[bursts.length - 1]! += due
    }
    assert.ok(bursts.length >= 25, `${bursts.length} bursts in 10 minutes`)
    // The regular rate goes on: up to 10 events/s for 2 s and what a tick holds besides.
    for (const events of bursts.slice(0, -1)) {
      assert.ok(events >= 75 && events <= 1_030, `${events} in ticks of ${tickMs} ms`)
    }
    assert.ok(Math.max(...bursts) > 700 && Math.min(...bursts.slice(0, -1)) < 400, bursts.join(' '))
  }
})

test('peak: a burst is as large, however often it is asked', () => {
  const total = (tickMs: number) => sum(run(pacer('peak'), 120_000, tickMs))
  const fine = total(1)
  for (const tickMs of [10, 20, 500, 1_000]) {
    assert.ok(
      Math.abs(total(tickMs) - fine) <= 1,
      `${total(tickMs)} in ticks of ${tickMs} ms, ${fine} in fine ones`,
    )
  }
})

test('night: one event every 10 s', () => {
  assert.equal(sum(run(pacer('night'), 3_600_000)), 360)
})

test('a speed overrides the mode, exactly over a long time, and null gives it back', () => {
  const paced = pacer('night')
  paced.setSpeed(12_345)
  assert.deepEqual([paced.speedEps, paced.rateNow()], [12_345, 12_345])
  assert.equal(sum(run(paced, 60_000, 16)), 12_345 * 60)
  paced.setSpeed(null)
  assert.deepEqual([paced.speedEps, paced.rateNow()], [null, 0.1])
  assert.equal(sum(run(paced, 100_000)), 10)
})

test('at a high rate every tick has its part', () => {
  const paced = new Pacer({ seed: 5, mode: 'regular', speedEps: 50_000 })
  for (const due of run(paced, 1_000, 10)) assert.ok(due === 500, `${due} in 10 ms`)
})

test('after a long pause one second is made up for, and time that runs backwards is none', () => {
  const paced = new Pacer({ seed: 5, mode: 'regular', speedEps: 1_000 })
  assert.equal(paced.due(3_600_000), 1_000)
  assert.equal(paced.due(-5_000), 0)
  assert.equal(paced.due(10), 10)
})

test('the mode can be changed while it runs', () => {
  const paced = pacer('regular')
  paced.setMode('night')
  assert.deepEqual([paced.mode, paced.rateNow()], ['night', 0.1])
})

test('the same seed paces alike, another seed does not', () => {
  const first = run(pacer('peak', 1), 60_000)
  assert.deepEqual(run(pacer('peak', 1), 60_000), first)
  assert.notDeepEqual(run(pacer('peak', 2), 60_000), first)
})
