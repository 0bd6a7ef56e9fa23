import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { applyMapping } from '../../src/dead-letters/mapping/apply.ts'
import { parseMapping } from '../../src/dead-letters/mapping/parse.ts'
import { seeded } from '../helpers/seed.ts'

const map = (mapping: string, fields: Record<string, unknown>) =>
  applyMapping(fields, parseMapping(mapping)) as Record<string, unknown>

describe('a mapping', () => {
  const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['page_id = "/x"', { page_id: '' }, { page_id: '/x' }],
    ["page_id = '/x'; a = 1", {}, { page_id: '/x', a: 1 }],
    ['page_id = url ?? "/unknown"', {}, { page_id: '/unknown' }],
    ['page_id = url ?? "/unknown"', { url: '/u' }, { url: '/u', page_id: '/u' }],
    [
      'page_id = meta.page.id',
      { meta: { page: { id: '/m' } } },
      { meta: { page: { id: '/m' } }, page_id: '/m' },
    ],
    ['page_id = page_id == "" ? "/home" : page_id', { page_id: '' }, { page_id: '/home' }],
    ['page_id = page_id == "" ? "/home" : page_id', { page_id: '/p' }, { page_id: '/p' }],
    ['d = abs(d)', { d: -5 }, { d: 5 }],
    ['d = round(number(d) * 1000)', { d: '1.5' }, { d: 1500 }],
    ['d = min(max(d, 0), 10)', { d: 99 }, { d: 10 }],
    ['d = 2 + 3 * 4 - 6 / 2', {}, { d: 11 }],
    ['d = (2 + 3) * -4', {}, { d: -20 }],
    ['t = time_of_ms(t)', { t: 0 }, { t: '1970-01-01T00:00:00.000Z' }],
    ['t = time_of_seconds(t)', { t: '1' }, { t: '1970-01-01T00:00:01.000Z' }],
    ['t = in_utc(t)', { t: '2026-11-23 05:00:00' }, { t: '2026-11-23T05:00:00Z' }],
    ['t = in_utc(t)', { t: '2026-11-23T05:00:00+01:00' }, { t: '2026-11-23T05:00:00+01:00' }],
    ['b = boolean(b)', { b: 'YES' }, { b: true }],
    ['u = "user-" + u', { u: 7 }, { u: 'user-7' }],
    ['p = replace(lower(trim(p)), "a", "$&")', { p: ' BANANA ' }, { p: 'b$&n$&n$&' }],
    ['p = first(p, 2)', { p: 'a😀' }, { p: 'a\ufffd' }],
    ['delete a; b = a', { a: 1 }, {}],
    ['a = b; b = a', { a: 1, b: 2 }, { a: 2, b: 2 }],
    // What cannot be computed is not there.
    ['a = number("x")', { a: 1 }, {}],
    ['a = 1 / 0', { a: 1 }, {}],
    ['a = b.c.d', { a: 1, b: null }, { b: null }],
    ['a = toString; b = a.constructor', {}, {}],
    ['a = null', {}, { a: null }],
  ]
  for (const [mapping, before, after] of cases) {
    it(`${mapping} on ${JSON.stringify(before)}`, () => assert.deepEqual(map(mapping, before), after))
  }

  for (const [mapping, words] of [
    ['', /changes nothing/],
    [' ; ', /changes nothing/],
    ['page_id', /character 8: = was expected/],
    ['page_id == 1', /= was expected/],
    ['page_id = ', /a value was expected/],
    ['page_id = "x', /character 11/],
    ['page_id = process.exit(1)', /; was expected/],
    ['page_id = eval("1")', /there is no function eval/],
    ['page_id = constructor("1")', /there is no function constructor/],
    ['page_id = abs()', /takes 1 values, and not 0/],
    ['page_id = `x`', /is not understood/],
    ['a = (1', /\) was expected/],
    ['a = 1 b = 2', /; was expected/],
    [`a = ${'('.repeat(60)}1${')'.repeat(60)}`, /nested too deep/],
    [`a = "${'x'.repeat(5_000)}"`, /longer than/],
  ] as const) {
    it(`is refused: ${mapping.slice(0, 40)}`, () =>
      assert.throws(() => parseMapping(mapping), { code: 'invalid_setting', message: words }))
  }
})

test('no name of a field is special', () => {
  const after = map('__proto__ = 1; constructor = "c"', JSON.parse('{"__proto__":{"polluted":true}}'))
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
  assert.deepEqual(Object.entries(after), [
    ['__proto__', 1],
    ['constructor', 'c'],
  ])
})

test('texts that are joined again and again do not grow without end', () => {
  const mapping = 'a = a + a; '.repeat(100)
  assert.deepEqual(map(mapping, { a: 'xxxxxxxx' }), {})
})

test('any text is a mapping that can be done, or is refused', (t) => {
  const word = fc.constantFrom(
    ...['a', 'page_id', '=', '??', '(', ')', '1', '-', '"x"', "'", '.', ',', ';', '?', ':', 'abs', 'delete'],
    ...['true', '==', '<', '*', '/', '\\', '\u0000', '\ud800', '😀', ' '],
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.object(), (words, fields) => {
      try {
        map(words.join(' '), fields)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid_setting', String(error))
      }
    }),
    seeded(t, 2_000),
  )
})
