import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { changeOf } from '../../src/dead-letters/change.ts'
import { seeded } from '../helpers/seed.ts'

const patched = (patch: unknown, before: unknown): unknown =>
  JSON.parse(changeOf({ patch })!(Buffer.from(JSON.stringify(before))).toString())

describe('a JSON Patch', () => {
  const cases: [unknown[], unknown, unknown][] = [
    [[{ op: 'replace', path: '/page_id', value: '/x' }], { page_id: '' }, { page_id: '/x' }],
    [
      [
        { op: 'add', path: '/a', value: { b: [1] } },
        { op: 'add', path: '/a/b/-', value: 2 },
      ],
      {},
      { a: { b: [1, 2] } },
    ],
    [[{ op: 'move', from: '/url', path: '/page_id' }], { url: '/u' }, { page_id: '/u' }],
    [[{ op: 'copy', from: '/a', path: '/b' }], { a: [1] }, { a: [1], b: [1] }],
    [[{ op: 'remove', path: '/a' }], { a: 1, b: 2 }, { b: 2 }],
    [
      [
        { op: 'test', path: '/a', value: { x: 1 } },
        { op: 'remove', path: '/a' },
      ],
      { a: { x: 1 } },
      {},
    ],
    [
      [
        { op: 'replace', path: '/a~1b', value: 1 },
        { op: 'replace', path: '/c~0d', value: 2 },
      ],
      { 'a/b': 0, 'c~d': 0 },
      { 'a/b': 1, 'c~d': 2 },
    ],
    [[{ op: 'replace', path: '', value: { page_id: '/all' } }], { x: 1 }, { page_id: '/all' }],
  ]
  for (const [patch, before, after] of cases) {
    it(JSON.stringify(patch), () => {
      assert.deepEqual(patched(patch, before), after)
      assert.deepEqual(patched(JSON.stringify(patch), before), after, 'as text')
    })
  }

  for (const [patch, words] of [
    ['[', /it is no JSON/],
    [{}, /no list of operations/],
    [[], /no list of operations/],
    [[1], /operation 1 is no object/],
    [[{ op: 'replace', path: '/a' }], /has no value/],
    [[{ op: 'move', path: '/a' }], /has no from/],
    [[{ op: 'constructor', path: '/a' }], /has no op of/],
    [[{ op: 'remove', path: 'a' }], /no JSON pointer/],
    [[{ op: 'remove', path: '/a~2' }], /no JSON pointer/],
    [[{ op: 'add', path: '/__proto__/polluted', value: 1 }], /no field of a message/],
    [[{ op: 'copy', path: '/a', from: '/constructor/prototype' }], /no field of a message/],
  ] as [unknown, RegExp][]) {
    it(`is refused: ${JSON.stringify(patch)}`, () =>
      assert.throws(() => changeOf({ patch }), { code: 'invalid_setting', message: words }))
  }

  for (const patch of [
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'replace', path: '/missing', value: 2 }],
    [{ op: 'remove', path: '/a/b/c' }],
  ]) {
    it(`does not apply: ${JSON.stringify(patch)}`, () =>
      assert.throws(() => patched(patch, { a: 1 }), { code: 'check_failed', message: /does not apply/ }))
  }

  it('is the same for each message: what it adds is not shared', () => {
    const change = changeOf({
      patch: [
        { op: 'add', path: '/list', value: [] },
        { op: 'add', path: '/list/-', value: 1 },
      ],
    })!
    for (let i = 0; i < 3; i++) assert.equal(change(Buffer.from('{}')).toString(), '{"list":[1]}')
  })
})

test('bytes without fields cannot be changed, and deep ones neither', () => {
  const changes = [
    changeOf({ map: 'a = 1' })!,
    changeOf({ set: ['a=1'] })!,
    changeOf({ patch: [{ op: 'add', path: '/a', value: 1 }] })!,
  ]
  const deep = Buffer.from(
    `{"a":${'['.repeat(400_000)}${']'.repeat(400_000)},"b":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  )
  for (const change of changes) {
    for (const bytes of [
      null,
      Buffer.alloc(0),
      Buffer.from('[1]'),
      Buffer.from([0xff]),
      Buffer.alloc(2 ** 20 + 1),
      deep,
    ]) {
      assert.throws(() => change(bytes), { code: 'check_failed', message: /cannot be changed/ })
    }
  }
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('one kind of change at a time', () => {
  assert.equal(changeOf({}), undefined)
  assert.throws(() => changeOf({ map: 'a = 1', set: ['a=1'] }), { code: 'invalid_setting' })
})

test('any patch applies to any fields, or is refused', (t) => {
  const pointer = fc.constantFrom(
    '',
    '/a',
    '/a/0',
    '/a/-',
    '/b/c',
    '/~0',
    '/__proto__',
    '//',
    'x',
    '/toString',
  )
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    },
    { requiredKeys: ['op'] },
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), fc.jsonValue(), (patch, before) => {
      try {
        patched(patch, before)
      } catch (error) {
        const { code } = error as { code?: string }
        // A patch may make a whole message of nothing at all, which is no JSON.
        if (error instanceof SyntaxError) return
        assert.ok(code === 'invalid_setting' || code === 'check_failed', String(error))
      }
    }),
    seeded(t, 2_000),
  )
})
