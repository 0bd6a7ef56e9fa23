import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode } from '../../src/event/decode.ts'
import type { RejectReason } from '../../src/event/outcome.ts'
import { LIMITS, type PageView, toWire } from '../../src/event/page-view.ts'
import { validate } from '../../src/event/validate.ts'
import { seeded } from '../helpers/seed.ts'

const NOW = Date.parse('2026-11-23T05:00:00Z')
const GOOD = {
  page_id: '/pricing',
  user_id: 'u-4711',
  view_duration_ms: 15_320,
  timestamp: '2026-11-23T04:59:44.120Z',
  user_agent: 'Mozilla/5.0',
  ip_address: '203.0.113.9',
  region: 'EU',
  is_bounce: false,
}
const DAY = 86_400_000
const ANY_AGE = { nowMs: NOW, maxAgeMs: null, maxFutureMs: 300_000 }

/** What becomes of bytes, in one word. */
function verdict(bytes: Uint8Array | null, maxAgeMs: number | null = null): 'ok' | RejectReason {
  const decoded = decode(bytes)
  const outcome = decoded.ok ? validate(decoded.value, { ...ANY_AGE, maxAgeMs }) : decoded
  if (!outcome.ok) assert.ok(outcome.detail.isWellFormed() && outcome.detail.length < 300, outcome.detail)
  return outcome.ok ? 'ok' : outcome.reason
}

function json(changes: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...GOOD, ...changes }))
}

const utf8 = (text: string): Buffer => Buffer.from(text)

const MESSAGES: [what: string, bytes: Uint8Array | null, expected: 'ok' | RejectReason][] = [
  ['a whole event', json({}), 'ok'],
  ['unknown fields', json({ more: { a: [1] } }), 'ok'],
  ['no optional fields', json({ user_agent: undefined, ip_address: undefined, region: undefined }), 'ok'],
  ['optional fields that are null', json({ user_agent: null, ip_address: null, region: null }), 'ok'],
  ['no value (a tombstone)', null, 'empty_message'],
  ['no bytes', utf8(''), 'empty_message'],
  ['white space', utf8('  '), 'broken_json'],
  ['half an object', utf8('{"page_id":'), 'broken_json'],
  ['two objects', utf8('{} {}'), 'broken_json'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'broken_json'],
  ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), json({})]), 'broken_json'],
  ['NaN', utf8('{"view_duration_ms":NaN}'), 'broken_json'],
  ['a list', utf8('[]'), 'not_an_object'],
  ['null', utf8('null'), 'not_an_object'],
  ['a text', utf8('"text"'), 'not_an_object'],
  ['a number', utf8('17'), 'not_an_object'],
  ['a deep nesting', utf8('['.repeat(100_000) + ']'.repeat(100_000)), 'not_an_object'],
  ['an empty object', utf8('{}'), 'missing_field'],
  ['a prototype as a field', utf8(`{"__proto__":{"page_id":"/x"}}`), 'missing_field'],
  ['as large as allowed', json({ more: 'x'.repeat(LIMITS.messageBytes - json({ more: '' }).length) }), 'ok'],
  [
    'one byte larger',
    json({ more: 'x'.repeat(LIMITS.messageBytes - json({ more: '' }).length + 1) }),
    'message_too_large',
  ],

  ['page_id empty', json({ page_id: '' }), 'empty_page_id'],
  ['page_id missing', json({ page_id: undefined }), 'missing_field'],
  ['page_id null', json({ page_id: null }), 'missing_field'],
  ['page_id a number', json({ page_id: 7 }), 'wrong_type'],
  ['page_id with NUL and control characters', json({ page_id: '/a\u0000\n' }), 'ok'],
  ['page_id with half a surrogate pair', utf8('{"page_id":"\\ud800"}'), 'wrong_type'],
  ['page_id as long as allowed, in bytes', json({ page_id: 'é'.repeat(LIMITS.pageIdBytes / 2) }), 'ok'],
  ['page_id longer, in bytes', json({ page_id: `é${'é'.repeat(LIMITS.pageIdBytes / 2)}` }), 'field_too_long'],
  ['user_id empty', json({ user_id: '' }), 'empty_user_id'],
  ['user_id too long', json({ user_id: 'u'.repeat(LIMITS.userIdBytes + 1) }), 'field_too_long'],
  ['user_agent too long', json({ user_agent: 'u'.repeat(LIMITS.userAgentBytes + 1) }), 'field_too_long'],
  ['region too long', json({ region: 'u'.repeat(LIMITS.regionBytes + 1) }), 'field_too_long'],
  ['user_agent a list', json({ user_agent: [] }), 'wrong_type'],

  ['duration 0', json({ view_duration_ms: 0 }), 'ok'],
  ['duration of a day', json({ view_duration_ms: DAY }), 'ok'],
  ['duration longer than a day', json({ view_duration_ms: DAY + 1 }), 'absurd_duration'],
  ['duration with a fraction', json({ view_duration_ms: 1.5 }), 'absurd_duration'],
  ['duration beyond 2^53', utf8('{"page_id":"/","user_id":"u","view_duration_ms":1e300}'), 'absurd_duration'],
  ['duration below zero', json({ view_duration_ms: -1 }), 'negative_duration'],
  ['duration as text', json({ view_duration_ms: '15' }), 'wrong_type'],
  ['duration missing', json({ view_duration_ms: undefined }), 'missing_field'],

  ['timestamp with an offset', json({ timestamp: '2026-11-23T06:59:44+02:00' }), 'ok'],
  ['timestamp without a zone', json({ timestamp: '2026-11-23T04:59:44' }), 'bad_timestamp'],
  ['a day that is none', json({ timestamp: '2026-02-30T00:00:00Z' }), 'bad_timestamp'],
  ['timestamp as a number', json({ timestamp: NOW }), 'wrong_type'],
  ['before 1970', json({ timestamp: '1969-12-31T23:59:59Z' }), 'bad_timestamp'],
  ['after 2106', json({ timestamp: '2106-02-07T06:28:16Z' }), 'bad_timestamp'],
  ['five minutes ahead', json({ timestamp: '2026-11-23T05:05:00.000Z' }), 'ok'],
  ['more than five minutes ahead', json({ timestamp: '2026-11-23T05:05:00.001Z' }), 'in_future'],
  ['eleven years ago', json({ timestamp: '2015-05-17T10:05:03Z' }), 'ok'],

  ['an IPv6 address', json({ ip_address: '2001:db8::1' }), 'ok'],
  ['an IPv4 address in IPv6', json({ ip_address: '::ffff:203.0.113.9' }), 'ok'],
  ['an empty address', json({ ip_address: '' }), 'ok'],
  ['an address with a zone', json({ ip_address: 'fe80::1%eth0' }), 'bad_ip_address'],
  ['a number too large', json({ ip_address: '203.0.113.256' }), 'bad_ip_address'],
  ['a leading zero', json({ ip_address: '203.0.113.09' }), 'bad_ip_address'],
  ['a host name', json({ ip_address: 'localhost' }), 'bad_ip_address'],
  ['an address as a number', json({ ip_address: 3405803785 }), 'wrong_type'],

  ['is_bounce missing', json({ is_bounce: undefined }), 'missing_field'],
  ['is_bounce as a number', json({ is_bounce: 1 }), 'wrong_type'],
  ['is_bounce as text', json({ is_bounce: 'false' }), 'wrong_type'],
]

for (const [what, bytes, expected] of MESSAGES) {
  test(`${what}: ${expected}`, () => assert.equal(verdict(bytes), expected))
}

test('older than raw rows are kept: too_late, to the millisecond', () => {
  const at = (ms: number) => json({ timestamp: new Date(NOW - ms).toISOString() })
  assert.equal(verdict(at(DAY), DAY), 'ok')
  assert.equal(verdict(at(DAY + 1), DAY), 'too_late')
})

test('of a key that is there twice the last one counts, as JSON has it', () => {
  const decoded = decode(utf8(JSON.stringify(GOOD).replace('{', '{"page_id":"",')))
  assert.ok(decoded.ok)
  const outcome = validate(decoded.value, ANY_AGE)
  assert.equal(outcome.ok && outcome.value.pageId, '/pricing')
})

const view: fc.Arbitrary<PageView> = fc.record(
  {
    pageId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }),
    userId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    durationMs: fc.nat(LIMITS.durationMs),
    timestampMs: fc.nat(NOW),
    userAgent: fc.string({ unit: 'grapheme', maxLength: 50 }),
    ipAddress: fc.oneof(fc.constant(''), fc.ipV4(), fc.ipV6()),
    region: fc.string({ unit: 'grapheme', maxLength: 10 }),
    isBounce: fc.boolean(),
  },
  { noNullPrototype: true },
)

test('every page view survives the wire as it was', (t) => {
  fc.assert(
    fc.property(view, (original) => {
      const decoded = decode(utf8(JSON.stringify(toWire(original))))
      assert.ok(decoded.ok)
      assert.deepEqual(validate(decoded.value, ANY_AGE), { ok: true, value: original })
    }),
    seeded(t, 500),
  )
})

test('any bytes and any JSON get a verdict', (t) => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(utf8),
    fc.dictionary(fc.constantFrom(...Object.keys(GOOD)), fc.jsonValue()).map((fields) => json(fields)),
  )
  fc.assert(
    fc.property(anyBytes, (bytes) => void verdict(bytes, DAY)),
    seeded(t, 2_000),
  )
})
