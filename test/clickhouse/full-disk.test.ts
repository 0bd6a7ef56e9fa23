import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FullDisk } from '../../src/clickhouse/full-disk.ts'

const FULL =
  '2026.11.24 04:31:07.4 [ 1 ] {} <Error> executeQuery: Code: 243. DB::Exception: Cannot reserve 1.00 MiB'
const BROKEN =
  "2026.11.24 04:31:10.9 [ 1 ] {} <Error> executeQuery: Code: 246. DB::Exception: Empty marks file 'data.cmrk4': 0, must be: 336"

function watched() {
  const said: string[] = []
  const at = { ms: 0, room: 0 }
  const disk = new FullDisk({
    room: () => at.room,
    onFull: () => said.push('full'),
    onBroken: () => said.push('broken'),
    monotonic: () => at.ms,
  })
  return { said, at, disk }
}

test('a part that a full disk left broken is told once, when there is room', () => {
  const { said, at, disk } = watched()
  disk.see(FULL)
  disk.see(BROKEN)
  assert.deepEqual(said, ['full'], 'a server that is started on a full disk may not come up')
  at.room = 2 ** 30
  disk.see(BROKEN)
  disk.see(BROKEN)
  assert.deepEqual(said, ['full', 'broken'])
})

test('a broken part is left alone where the disk was not full before', () => {
  const { said, at, disk } = watched()
  at.room = 2 ** 30
  disk.see(BROKEN)
  assert.deepEqual(said, [])
})

test('a full disk is told once a minute', () => {
  const { said, at, disk } = watched()
  for (const ms of [0, 1_000, 59_000, 61_000]) {
    at.ms = ms
    disk.see(FULL)
  }
  assert.deepEqual(said, ['full', 'full'])
})
