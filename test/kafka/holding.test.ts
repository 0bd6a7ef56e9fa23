import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Holding } from '../../src/log/kafka/holding.ts'

test('a position of a log that was made again is no bound for the new one', () => {
  // What the group had committed of the former topic, which the brokers still told.
  const holding = new Holding(0, 1, 392)
  holding.jump(0)
  holding.offset = 58
  holding.handOut(58)
  assert.equal(holding.start, 0, 'offsets from 1 on are ours to commit')
  assert.equal(holding.commitFor(58), 58)
  holding.committed(58)
  holding.offset = 60
  assert.equal(holding.beyondRecords, 60, 'what nobody reads behind the records is committed as well')
})

test('where records were deleted, what lies before them stays done', () => {
  const holding = new Holding(0, 1, 100)
  holding.jump(500)
  assert.equal(holding.start, 100)
  holding.offset = 520
  holding.handOut(520)
  assert.equal(holding.commitFor(520), 520)
})
