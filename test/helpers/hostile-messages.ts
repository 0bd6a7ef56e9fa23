import fc from 'fast-check'
import { LIMITS } from '../../src/event/page-view.ts'
import { ADDRESSES, BYTES, DATES, JSON_TEXTS, NAMES, NUMBERS, TEXTS } from './hostile-constants.ts'

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
