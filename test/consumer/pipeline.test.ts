import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batch } from '../../src/consumer/batch.ts'
import { Pipeline } from '../../src/consumer/pipeline.ts'
import type { OutgoingRecord } from '../../src/log/port.ts'
import { type Happenings, listen } from '../../src/observe/events.ts'
import { rowsOf } from '../helpers/page-view-rows.ts'
import { batchesOf, keyOf, message, NOW } from './messages.ts'

async function process(
  ...messages: OutgoingRecord[]
): Promise<{ batch: Batch; told: Happenings['consumer:processed'][] }> {
  const pipeline = new Pipeline({
    topic: 'page-views',
    maxAgeMs: 3_600_000,
    maxFutureMs: 300_000,
    now: () => NOW,
    monotonic: () => 0,
  })
  const told: Happenings['consumer:processed'][] = []
  const stop = listen('consumer:processed', (what) => told.push(what))
  const batch = new Batch()
  pipeline.process(await batchesOf(...messages), batch)
  stop()
  return { batch, told }
}

test('page views become rows with their identity and their place', async () => {
  const { batch, told } = await process(
    message(keyOf(1), { pageId: '/a' }),
    message(keyOf(2), { pageId: '/b' }, 2),
  )
  assert.deepEqual(
    rowsOf(batch.views).map(({ eventId, view, partition, offset }) => [
      eventId,
      view.pageId,
      partition,
      offset,
    ]),
    [
      [keyOf(1), '/a', 0, 0],
      [keyOf(2), '/b', 2, 0],
    ],
  )
  assert.deepEqual(batch.positions(), [
    { partition: 0, offset: 1 },
    { partition: 2, offset: 1 },
  ])
  assert.deepEqual(told, [{ messages: 2, valid: 2, invalid: {}, repeats: 0, conflicts: 0, ms: 0 }])
})

test('what is no page view keeps its bytes, with reason and place, and does not stop the others', async () => {
  const { batch, told } = await process(
    message(keyOf(1), 'no json'),
    message(null, { pageId: '' }),
    message(keyOf(3), { timestampMs: NOW - 7_200_000 }),
    message(keyOf(4), { timestampMs: NOW + 600_000 }),
    message(keyOf(5), {}),
  )
  assert.equal(batch.rows, 1)
  assert.deepEqual(
    batch.errors.map(({ reason, offset, key, topic }) => [reason, offset, key?.toString(), topic]),
    [
      ['broken_json', 0, keyOf(1), 'page-views'],
      ['empty_page_id', 1, undefined, 'page-views'],
      ['too_late', 2, keyOf(3), 'page-views'],
      ['in_future', 3, keyOf(4), 'page-views'],
    ],
  )
  assert.equal(batch.errors[0]!.value!.toString(), 'no json')
  assert.equal(batch.errors[0]!.rejectedAtMs, NOW)
  assert.deepEqual(told[0]!.invalid, { broken_json: 1, empty_page_id: 1, too_late: 1, in_future: 1 })
})

test('a repeat is dropped and counted, a conflict goes on and is counted', async () => {
  const { batch, told } = await process(
    message(keyOf(1), { pageId: '/a' }),
    message(keyOf(1), { pageId: '/a' }, 1),
    message(keyOf(1).toUpperCase(), { pageId: '/a' }, 2),
    message(keyOf(1), { pageId: '/other' }, 2),
  )
  assert.deepEqual(
    rowsOf(batch.views).map(({ view }) => view.pageId),
    ['/a', '/other'],
  )
  assert.equal(told[0]!.repeats, 2)
  assert.equal(told[0]!.conflicts, 1)
  assert.equal(batch.messages, 4)
})

test('the bytes of an error row outlast the fetch that they came from', async () => {
  const { batch } = await process(message('k', 'x'))
  const [error] = batch.errors
  const { buffer } = error!.value as Buffer
  assert.ok(buffer.byteLength < 100_000, 'a copy and not a view into what was fetched')
})

test('the slices of a batch are those that its page views fall in', async () => {
  const at = (ms: number) => ({ timestampMs: NOW - 60_000 + ms })
  const { batch } = await process(
    message(keyOf(1), at(0)),
    message(keyOf(2), at(4_999)),
    message(keyOf(3), at(5_000)),
    message(keyOf(4), 'broken'),
  )
  assert.deepEqual(
    batch.slices().map((start) => start - (NOW - 60_000)),
    [0, 5_000],
  )
})
