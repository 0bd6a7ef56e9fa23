import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLag } from '../../src/consumer/lag.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { record } from '../log/contract.ts'

/** A log of one partition with some messages, and how far it says that the group is. */
async function logWith(messages: number, committed: number | undefined): Promise<MemoryLog> {
  const log = new MemoryLog({ partitions: 1 })
  const writer = await log.writer()
  for (let i = 0; i < messages; i++) await writer.append([record(0, `${i}`)])
  log.committed = async () => (committed === undefined ? [] : [{ partition: 0, offset: committed }])
  return log
}

for (const [what, committed, lag] of [
  ['nowhere: all of it', undefined, 5],
  ['in the middle: what comes behind', 3, 2],
  ['at the end: nothing', 5, 0],
  // So it is for a moment after a topic was removed and made again.
  ['beyond the end: the position is of a log that is gone, and all of this one is to be read', 9, 5],
] as const) {
  test(`a group that is ${what}`, async () => {
    const log = await logWith(5, committed)
    const { messages, partitions } = await readLag(log, 'g', Date.now())
    assert.equal(messages, lag)
    assert.deepEqual(partitions, [{ partition: 0, earliest: 0, end: 5, committed: 5 - lag, lag }])
  })
}
