import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HttpError } from '../../src/http/http-error.ts'
import {
  bodySchema,
  enumParameter,
  integerParameter,
  numberParameter,
  optional,
  type ParameterSpec,
  querySchema,
  readParameters,
  textParameter,
  timestampParameter,
} from '../../src/http/parameters.ts'

const eps = numberParameter({ min: 0, max: 1_000_000, description: 'Events per second.' })
const count = integerParameter({ min: 1, max: 500, description: 'How many.' })
const mode = enumParameter(['sync', 'async', 'batch'], { description: 'How to send.' })
const page = textParameter({ maxLength: 5, description: 'A page.' })
const from = timestampParameter({ description: 'Since when.' })

const EPS = 'give a number from 0 to 1000000'
const COUNT = 'give a whole number from 1 to 500'
const PAGE = 'give a text of 1 to 5 characters'
const FROM =
  'give a date and time of ISO 8601 with its zone, like 2026-11-23T05:00:00Z (a + is written %2B in an address)'

describe('what is taken', () => {
  const cases: [ParameterSpec<unknown>, given: unknown, value: unknown][] = [
    [eps, '0', 0],
    [eps, '1000000', 1_000_000],
    [eps, '12.5', 12.5],
    [eps, 12.5, 12.5],
    [eps, 1e3, 1000],
    [eps, '-0', 0],
    [eps, -0, 0],
    [count, '1', 1],
    [count, '7.0', 7],
    [count, 500, 500],
    [mode, 'async', 'async'],
    [page, '/été', '/été'],
    [page, ' ', ' '],
    [from, '2026-11-23T05:00:00Z', Date.UTC(2026, 10, 23, 5)],
    [from, '2026-11-23T07:00:00.250+02:00', Date.UTC(2026, 10, 23, 5, 0, 0, 250)],
  ]
  for (const [spec, given, value] of cases) {
    it(`${JSON.stringify(given)} as ${spec.schema.type}`, () => {
      assert.deepEqual(readParameters({ it: spec }, { query: {}, body: { it: given } }), { it: value })
      if (typeof given === 'string') {
        assert.deepEqual(readParameters({ it: spec }, { query: { it: given } }), { it: value })
      }
    })
  }
})

describe('what is refused', () => {
  const cases: [ParameterSpec<unknown>, given: unknown, message: string][] = [
    [eps, '-5', `it: "-5" is not allowed: ${EPS}`],
    [eps, '1000000.5', `it: "1000000.5" is not allowed: ${EPS}`],
    [eps, '1e3', `it: "1e3" is not allowed: ${EPS}`],
    [eps, '', `it: "" is not allowed: ${EPS}`],
    [eps, ' 5', `it: " 5" is not allowed: ${EPS}`],
    [eps, '5\n', `it: "5\\n" is not allowed: ${EPS}`],
    [eps, '0x10', `it: "0x10" is not allowed: ${EPS}`],
    [eps, '+5', `it: "+5" is not allowed: ${EPS}`],
    [eps, '.5', `it: ".5" is not allowed: ${EPS}`],
    [eps, '5.', `it: "5." is not allowed: ${EPS}`],
    [eps, '٥', `it: "٥" is not allowed: ${EPS}`],
    [eps, 'NaN', `it: "NaN" is not allowed: ${EPS}`],
    [eps, 'Infinity', `it: "Infinity" is not allowed: ${EPS}`],
    [eps, 'abc', `it: "abc" is not allowed: ${EPS}`],
    [eps, ['1', '2'], `it: ["1", "2"] is not allowed: ${EPS}`],
    [eps, ['1'], `it: ["1"] is not allowed: ${EPS}`],
    [eps, null, `it: null is not allowed: ${EPS}`],
    [eps, true, `it: true is not allowed: ${EPS}`],
    [eps, { a: 1 }, `it: an object is not allowed: ${EPS}`],
    [eps, -5, `it: -5 is not allowed: ${EPS}`],
    [eps, Number.POSITIVE_INFINITY, `it: Infinity is not allowed: ${EPS}`],
    [count, '0', `it: "0" is not allowed: ${COUNT}`],
    [count, '501', `it: "501" is not allowed: ${COUNT}`],
    [count, '1.5', `it: "1.5" is not allowed: ${COUNT}`],
    [count, 1.5, `it: 1.5 is not allowed: ${COUNT}`],
    [mode, 'ASYNC', 'it: "ASYNC" is not allowed: give one of sync, async, batch'],
    [mode, ['sync', 'sync'], 'it: ["sync", "sync"] is not allowed: give one of sync, async, batch'],
    [page, '', `it: "" is not allowed: ${PAGE}`],
    [page, '/abcde', `it: "/abcde" is not allowed: ${PAGE}`],
    [page, 5, `it: 5 is not allowed: ${PAGE}`],
    [page, '\ud800', `it: "\ufffd" is not allowed: ${PAGE}`],
    [from, '2026-11-23', `it: "2026-11-23" is not allowed: ${FROM}`],
    [from, '2026-11-23T05:00:00', `it: "2026-11-23T05:00:00" is not allowed: ${FROM}`],
    [from, '2026-11-23T05:00:00 02:00', `it: "2026-11-23T05:00:00 02:00" is not allowed: ${FROM}`],
    [from, 1_795_000_000_000, `it: 1795000000000 is not allowed: ${FROM}`],
  ]
  for (const [spec, given, message] of cases) {
    it(message, () => {
      assert.throws(() => readParameters({ it: spec }, { query: {}, body: { it: given } }), {
        status: 400,
        code: 'invalid_parameter',
        message,
      })
    })
  }

  it('what nobody asked for, naming what there is', () => {
    const error = { status: 400, code: 'unknown_parameter' }
    assert.throws(() => readParameters({ eps, mode }, { query: { esp: '5' } }), {
      ...error,
      message: 'esp: there is no such parameter: give eps, mode',
    })
    assert.throws(() => readParameters({}, { query: {}, body: { toString: '5' } }), {
      ...error,
      message: 'toString: there is no such parameter: none are taken here',
    })
  })

  it('nothing, where something is needed', () => {
    assert.throws(() => readParameters({ eps }, { query: {} }), {
      status: 400,
      code: 'missing_parameter',
      message: `eps is missing: ${EPS}`,
    })
  })

  it('bodies that are not objects', () => {
    for (const body of [[], [{ eps: 5 }], 'eps=5', 5, null]) {
      assert.throws(() => readParameters({ eps }, { query: { eps: '5' }, body }), { code: 'invalid_body' })
    }
  })
})

describe('query and body together', () => {
  it('may share the parameters between them', () => {
    const values = readParameters({ eps, mode }, { query: { eps: '5' }, body: { mode: 'sync' } })
    assert.deepEqual(values, { eps: 5, mode: 'sync' })
  })

  it('may say the same twice, but nothing different', () => {
    assert.deepEqual(readParameters({ eps }, { query: { eps: '5' }, body: { eps: 5 } }), { eps: 5 })
    assert.throws(() => readParameters({ eps }, { query: { eps: '5' }, body: { eps: 6 } }), {
      status: 400,
      message: 'eps: "5" in the query and 6 in the body: give it once',
    })
  })
})

describe('optional parameters', () => {
  it('have their fallback, or none', () => {
    const specs = { hours: optional(count, 1), page: optional(page) }
    assert.deepEqual(readParameters(specs, { query: {} }), { hours: 1, page: undefined })
    assert.deepEqual(readParameters(specs, { query: { hours: '3', page: '/' } }), { hours: 3, page: '/' })
  })

  it('are checked when they are given', () => {
    assert.throws(() => readParameters({ page: optional(page) }, { query: { page: '' } }), HttpError)
  })
})

describe('schemas', () => {
  it('describe what is required, what is the default, and that there is nothing else', () => {
    const specs = { eps, hours: optional(count, 1) }
    const properties = {
      eps: { type: 'number', minimum: 0, maximum: 1_000_000, description: 'Events per second.' },
      hours: { type: 'integer', minimum: 1, maximum: 500, description: 'How many.', default: 1 },
    }
    const schema = { type: 'object', properties, additionalProperties: false }
    assert.deepEqual(querySchema(specs), { ...schema, required: ['eps'] })
    assert.deepEqual(bodySchema(specs), schema)
    assert.deepEqual(querySchema({ hours: specs.hours }).required, undefined)
  })
})

describe('any input', () => {
  it('is read as a number within the limits, or refused with a 400', () => {
    const given = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.double().map(String),
      fc.anything({ withNullPrototype: true }),
    )
    fc.assert(
      fc.property(given, (it) => {
        try {
          const values = readParameters({ it: eps }, { query: { it } })
          assert.ok(values.it >= 0 && values.it <= 1_000_000)
          assert.ok(values.it === Number(it))
        } catch (error) {
          assert.ok(error instanceof HttpError && error.status === 400 && error.message.isWellFormed())
        }
      }),
    )
  })
})
