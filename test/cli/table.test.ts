import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../src/cli/table.ts'

test('columns are as wide as what is in them on a terminal', () => {
  const rows = [
    ['/', 7, 'plain'],
    ['/日本', 1234, null],
    ['/é🎉', 5, { a: [1] }],
  ]
  assert.equal(
    table(['page', 'n', ''], rows, [false, true]),
    ['page      n', '/         7  plain', '/日本  1234', '/é🎉      5  {"a":[1]}'].join('\n'),
  )
  assert.equal(table([], [['a', 'b']]), 'a  b')
  assert.equal(table(['a', 'b'], []), 'a  b')
})
