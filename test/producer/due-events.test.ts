import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DueEvents } from '../../src/producer/due-events.ts'

/** When each of the events that wait became due, in the order in which they are taken. */
function takeAll(due: DueEvents): number[] {
  const times: number[] = []
  for (let atMs = due.take(); atMs !== undefined; atMs = due.take()) times.push(atMs)
  return times
}

test('events are taken one by one in the order in which they became due', () => {
  const due = new DueEvents(10)
  due.add(2, 100)
  due.add(1, 100)
  due.add(0, 105)
  due.add(1, 110)
  assert.deepEqual([due.used, due.room], [4, 6])
  assert.equal(due.take(), 100)
  due.add(1, 120)
  assert.deepEqual(takeAll(due), [100, 100, 110, 120])
  assert.deepEqual([due.used, due.room], [0, 10])
  assert.equal(due.take(), undefined)
})

test('there is no room for more than its size', () => {
  const due = new DueEvents(3)
  due.add(2, 1)
  assert.throws(() => due.add(2, 2), RangeError)
  due.add(1, 2)
  assert.deepEqual(takeAll(due), [1, 1, 2])
})

test('who waits for an event is told, and that none will come when it was closed', async () => {
  const due = new DueEvents(3)
  const ready = due.ready()
  due.add(1, 1)
  assert.equal(await ready, true)
  due.close()
  assert.equal(await due.ready(), true)
  due.take()
  assert.equal(await due.ready(), false)
  const empty = new DueEvents(3)
  const none = empty.ready()
  empty.close()
  assert.equal(await none, false)
})
