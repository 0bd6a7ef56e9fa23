import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Occurrences } from '../../src/replay/occurrences.ts'

test('equal lines are numbered, as long as they are not too far apart', () => {
  const occurrences = new Occurrences(3)
  const counts = ['a', 'b', 'a', 'c', 'a', 'd', 'e', 'a', 'f', 'b'].map((line) =>
    occurrences.count(Buffer.from(line)),
  )
  assert.deepEqual(counts, [1, 1, 2, 1, 3, 1, 1, 4, 1, 1])
})

test('lines are told apart by their bytes', () => {
  const occurrences = new Occurrences()
  for (const bytes of [[0xff], [0xfe], [0xef, 0xbf, 0xbd]])
    assert.equal(occurrences.count(Buffer.from(bytes)), 1)
})
