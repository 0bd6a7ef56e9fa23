import fc from 'fast-check'
import { LIMITS } from '../../src/event/page-view.ts'

/**
 * Values of messages that mean harm, as bytes: whatever reads messages must answer each of them with an event or a reason.
 *
 * @param nowMs the moment around which timestamps lie, the one that the validator under test is given
 */
export function hostileValue(nowMs: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 6, arbitrary: nearlyValidEvent(nowMs) },
    { weight: 2, arbitrary: damagedBytes(nowMs) },
    { weight: 3, arbitrary: arbitraryValue() },
  )
}

/** An event of which up to three fields are missing, odd, repeated, or joined by fields that nobody knows. Always valid UTF-8. */
export function nearlyValidEvent(nowMs: number): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.array(mutation(nowMs), { maxLength: 3 }),
      fc.constantFrom('', ' ', '\n\t', '\r\n'),
      fc.constantFrom('', '', '', '\uFEFF', '\u00A0', ',', '}', 'null', '\0'),
    )
    .map(([mutations, space, tail]) => {
      let members = validMembers(nowMs)
      for (const mutate of mutations) members = mutate(members)
      const written = members.map(([name, value]) => `${space}${name}${space}:${space}${value}${space}`)
      return Buffer.from(`{${written.join(',')}}${tail}`)
    })
}

/** Nearly valid events whose bytes are cut, changed, doubled or filled with what is no UTF-8. */
export function damagedBytes(nowMs: number): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(nearlyValidEvent(nowMs), fc.nat(), fc.nat(), fc.constantFrom(...BYTES), fc.nat(2))
    .map(([bytes, a, b, inserted, cut]) => {
      const at = a % (bytes.length + 1)
      const rest = cut === 0 ? at : cut === 1 ? at + inserted.length : at + (b % (bytes.length - at + 1))
      return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(rest)])
    })
}

/** Values that have nothing to do with an event: bytes, text, any JSON, deep nesting, sizes about the limit. */
export function arbitraryValue(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc.constantFrom(...JSON_TEXTS).map((text) => Buffer.from(text)),
    fc.tuple(fc.constantFrom('[', '{"a":', '[{"a":'), fc.constantFrom(1, 100, 10_000, 100_000)).map(nested),
    fc.constantFrom(-1, 0, 1).map((more) => Buffer.alloc(LIMITS.messageBytes + more, 0x20)),
  )
}

/** A member of a JSON object as it is written: its name with quotes, and its value. */
type Member = readonly [name: string, value: string]
type Mutation = (members: readonly Member[]) => readonly Member[]

function validMembers(nowMs: number): readonly Member[] {
  return [
    ['"page_id"', '"/pricing"'],
    ['"user_id"', '"u-4711"'],
    ['"view_duration_ms"', '15320'],
    ['"timestamp"', JSON.stringify(new Date(nowMs - 1_000).toISOString())],
    ['"user_agent"', '"Mozilla/5.0"'],
    ['"ip_address"', '"203.0.113.9"'],
    ['"region"', '"EU"'],
    ['"is_bounce"', 'false'],
  ]
}

function mutation(nowMs: number): fc.Arbitrary<Mutation> {
  const which = fc.nat(7)
  const value = oddValue(nowMs)
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fittingValue(nowMs).map(
        ([name, odd]): Mutation =>
          (members) =>
            members.map((m) => (m[0] === name ? [name, odd] : m)),
      ),
    },
    which.map(
      (at): Mutation =>
        (members) =>
          members.filter((_, index) => index !== at),
    ),
    fc.tuple(which, value).map(
      ([at, odd]): Mutation =>
        (members) =>
          members.map((m, i) => (i === at ? [m[0], odd] : m)),
    ),
    // The last of two members with one name counts, so the odd value is tried before and behind the good one.
    fc.tuple(which, value, fc.boolean()).map(
      ([at, odd, before]): Mutation =>
        (members) => {
          const again: Member = [members[at]?.[0] ?? '"page_id"', odd]
          return before ? [again, ...members] : [...members, again]
        },
    ),
    fc.tuple(fc.constantFrom(...NAMES), value).map(
      ([name, odd]): Mutation =>
        (members) => [[name, odd], ...members],
    ),
    which.map(
      (at): Mutation =>
        (members) =>
          members.map((m, i) => (i === at ? [escaped(m[0]), m[1]] : m)),
    ),
    fc.constant<Mutation>((members) => members.toReversed()),
  )
}

/** A value that is odd for just this field, so that every check is met often. */
function fittingValue(nowMs: number): fc.Arbitrary<Member> {
  const dates = fc.oneof(
    fc.constantFrom(...DATES),
    fc
      .constantFrom(-4e12, -3e9, -3_000, 0, 299_999, 300_001, 4e11)
      .map((ms) => new Date(nowMs + ms).toISOString()),
  )
  return fc.oneof(
    dates.map((text): Member => ['"timestamp"', JSON.stringify(text)]),
    fc.constantFrom(...NUMBERS).map((text): Member => ['"view_duration_ms"', text]),
    fc.constantFrom(...ADDRESSES).map((text): Member => ['"ip_address"', JSON.stringify(text)]),
    fc.constantFrom('"page_id"', '"user_id"').map((name): Member => [name, '""']),
  )
}

/** The same name written with escapes: a reader of bytes must still know it. */
function escaped(name: string): string {
  return name.replace('_', '\\u005f')
}

function oddValue(nowMs: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(...JSON_TEXTS),
    fc.constantFrom(...NUMBERS),
    fc.constantFrom(...TEXTS),
    fc.constantFrom(...ADDRESSES).map((text) => JSON.stringify(text)),
    fc.constantFrom(...DATES).map((text) => JSON.stringify(text)),
    fc.integer({ min: -4e12, max: 4e12 }).map((ms) => JSON.stringify(new Date(nowMs + ms).toISOString())),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.double().map(String),
    fc
      .tuple(fc.constantFrom(64, 256, 2_048), fc.constantFrom(-1, 0, 1), fc.constantFrom('a', 'é', '€', '😀'))
      .map(longText),
  )
}

/** Text about a limit in bytes, out of characters of one to four bytes. */
function longText([limit, more, character]: [number, number, string]): string {
  const width = Buffer.byteLength(character)
  const bytes = limit + more
  return JSON.stringify(character.repeat(Math.floor(bytes / width)) + 'a'.repeat(bytes % width))
}

function nested([open, depth]: [string, number]): Buffer {
  const close = open === '[' ? ']' : open === '{"a":' ? '}' : '}]'
  return Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`)
}

const NAMES = [
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '""',
  '"page_id\\u0000"',
  '"Page_Id"',
  '"\\ud800"',
]
const JSON_TEXTS = [
  'null',
  'true',
  'false',
  '0',
  '""',
  '[]',
  '{}',
  '{"__proto__":{"page_id":"x"}}',
  '[[[]]]',
  'undefined',
]
const NUMBERS = [
  '-0',
  '-1',
  '1.0',
  '1e3',
  '1E+3',
  '1.5',
  '0.1e1',
  '86400000',
  '86400001',
  '8.64e7',
  '9007199254740993',
  '1e400',
  '-1e400',
  '1e-400',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  'NaN',
  'Infinity',
  '-',
  '1e',
  `1${'0'.repeat(400)}`,
  `0.${'0'.repeat(400)}1`,
]
const TEXTS = [
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '"\\u0000"',
  '"\0"',
  '"\n"',
  '"\\x41"',
  '"\\u12"',
  '"\\/"',
  '"\\',
  '"',
  "'a'",
  '"\u2028"',
  '"\u007f"',
  '"\uFEFF"',
  '"a\\"b"',
  '"<script>alert(1)</script>"',
  '"\'; DROP TABLE page_views_raw; --"',
]
const ADDRESSES = [
  '::1',
  '::ffff:1.2.3.4',
  'fe80::1%eth0',
  '1.2.3',
  '01.2.3.4',
  '256.1.1.1',
  ' 1.2.3.4',
  '::',
  '1::2::3',
  '[::1]',
]
const DATES = [
  '1970-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '2106-02-07T06:28:15.999Z',
  '2106-02-07T06:28:16.000Z',
  '9999-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '2026-02-29T00:00:00.000Z',
  '2024-02-29T00:00:00.000Z',
  '2026-11-23T24:00:00.000Z',
  '2026-11-23T05:12:60.000Z',
  '2026-11-23T05:12Z',
  '2026-11-23T05:12:44',
  '2026-11-23 05:12:44Z',
  '2026-11-23T05:12:44+14:00',
  '2026-11-23T05:12:44-1401',
  '2026-11-23T05:12:44.1234567890Z',
  '2026-11-23T05:12:44.12éZ',
  '1764000000',
  'now',
]
const BYTES = [
  '',
  '80',
  'c0af',
  'e280',
  'eda080',
  'f4908080',
  'ff',
  'fffe',
  '00',
  '22',
  '5c',
  '7d',
  'efbbbf',
].map((hex) => Buffer.from(hex, 'hex'))
