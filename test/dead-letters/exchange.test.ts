import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { show, showText } from '../../src/dead-letters/display.ts'
import { bytesOfLine, exportLine } from '../../src/dead-letters/exchange.ts'
import type { DeadLetter } from '../../src/store/dead-letters.ts'
import { seeded } from '../helpers/seed.ts'

// What a terminal would obey, or what turns text around.
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

const nasty = fc.constantFrom(
  ...[
    '\u001b[31m',
    '\u001b]0;title\u0007',
    '\u009b2J',
    '\u007f',
    '\r',
    '\n',
    '\u0000',
    '\u202e',
    '\u2066',
    '\u2028',
  ],
  ...['"', '\\', '\\u001b', '<script>', '😀', '\ufeff', "'; DROP TABLE x; --"],
)
const bytes = fc.oneof(
  fc.array(nasty, { maxLength: 20 }).map((texts) => Buffer.from(texts.join(''))),
  fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array)),
)

function letter(key: Buffer | null, value: Buffer | null, detail: string): DeadLetter {
  const place = { topic: 'page-views', partition: 1, offset: 2 }
  const resolved = { atMs: 0, how: detail }
  return {
    ...place,
    key,
    value,
    valueBytes: value?.length ?? 0,
    reason: 'broken_json',
    detail,
    rejectedAtMs: 0,
    resolved,
  }
}

test('a line of an export has every byte, and nothing that a terminal obeys but its end', (t) => {
  const texts = fc.array(nasty, { maxLength: 5 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.option(bytes), fc.option(bytes), texts, (key, value, detail) => {
      const line = exportLine(letter(key, value, detail))
      assert.ok(line.endsWith('}\n') && !OBEYED.test(line.slice(0, -1)), line)
      const read = JSON.parse(line)
      assert.equal(read.detail, detail)
      assert.deepEqual(read.key && bytesOfLine(read.key), key)
      assert.deepEqual(read.message && bytesOfLine(read.message), value)
    }),
    seeded(t, 1_000),
  )
})

test('what is shown has nothing that a terminal obeys, whatever the bytes and the limit', (t) => {
  fc.assert(
    fc.property(bytes, fc.nat(50), (value, limit) => {
      const { content } = show(value, limit)
      assert.ok(!OBEYED.test(content) && content.length <= Math.max(1, limit), content)
      assert.ok(!OBEYED.test(showText(value.toString())))
    }),
    seeded(t, 1_000),
  )
})

test('bytes of a line: one of three, and nothing else', () => {
  assert.deepEqual(bytesOfLine({ json: { a: 1 } }), Buffer.from('{"a":1}'))
  assert.deepEqual(bytesOfLine({ base64: '/w==' }), Buffer.from([0xff]))
  for (const wrong of [
    null,
    'x',
    {},
    [],
    { text: 1 },
    { text: '\ud800' },
    { base64: '?' },
    { text: '', json: 1 },
  ]) {
    assert.equal(bytesOfLine(wrong), undefined, JSON.stringify(wrong))
  }
})
