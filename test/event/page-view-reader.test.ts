import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode } from '../../src/event/decode.ts'
import { LIMITS, type PageView } from '../../src/event/page-view.ts'
import { PageViewBytes } from '../../src/event/page-view-bytes.ts'
import { PageViewReader } from '../../src/event/page-view-reader.ts'
import { type ValidationLimits, validate } from '../../src/event/validate.ts'
import { Generator } from '../../src/producer/generator/generator.ts'
import { NOW } from '../consumer/messages.ts'
import { seeded } from '../helpers/seed.ts'

const WITHIN: ValidationLimits = { nowMs: NOW, maxAgeMs: 40 * 86_400_000, maxFutureMs: 300_000 }

/** What the bytes are by the long way; undefined when they are no valid event. */
function theLongWay(value: Buffer, limits: ValidationLimits): PageView | undefined {
  const fields = decode(value)
  const view = fields.ok ? validate(fields.value, limits) : fields
  return view.ok ? view.value : undefined
}

/** Everything that a page view is in the form that the store takes. */
function contents(view: PageViewBytes): unknown {
  const text = ({ start, end }: PageViewBytes['pageId']): string =>
    view.bytes.subarray(start, end).toString('hex')
  return {
    pageId: text(view.pageId),
    userId: text(view.userId),
    userAgent: text(view.userAgent),
    region: text(view.region),
    durationMs: view.durationMs,
    timestampMs: view.timestampMs,
    isBounce: view.isBounce,
    ipAddress: [...view.ipAddress],
    hashes: [view.hash(), view.hash2()],
  }
}

const reader = new PageViewReader()

const BEFORE = Buffer.from('{"page_id":"')
const NOTHING = Buffer.alloc(0)
const AFTER = Buffer.from(
  '","user_id":"u"}}",0.5,"region":"DE","is_bounce":true}{"page_id":"/","user_id":"u"}',
)

/**
 * Compares both ways on these bytes, which lie among others; and the short way with itself when nothing lies behind them.
 *
 * @returns whether the short way took them
 */
function compare(value: Buffer, limits = WITHIN): boolean {
  const [among, last] = [AFTER, NOTHING].map((after) => {
    const read = new PageViewBytes()
    const bytes = Buffer.concat([BEFORE, value, after])
    const taken = reader.read(bytes, BEFORE.length, BEFORE.length + value.length, limits, read)
    return taken ? read : undefined
  })
  assert.equal(among?.hash(), last?.hash(), `what follows is no part of it: ${value.toString('latin1')}`)
  if (!among) return false
  assertSame(among, value, limits)
  return true
}

function assertSame(read: PageViewBytes, value: Buffer, limits: ValidationLimits): void {
  const expected = theLongWay(value, limits)
  assert.ok(expected, `taken, though it is no event: ${value.toString('latin1')}`)
  const other = new PageViewBytes()
  other.set(expected)
  assert.deepEqual(contents(read), contents(other), value.toString('latin1'))
}

test('what the generator makes goes the short way, unless it is invalid', (t) => {
  const { seed } = seeded(t, 1)
  const generator = new Generator({ seed, shares: { bounces: 0.1, invalid: 0.1, repeats: 0.01 } })
  for (let i = 0; i < 20_000; i++) {
    const { value, entry } = generator.next(NOW - i)
    assert.equal(compare(Buffer.from(value)), entry.kind !== 'invalid', Buffer.from(value).toString())
  }
})

const WIRE = {
  page_id: '/pricing',
  user_id: 'u-4711',
  view_duration_ms: 15_320,
  timestamp: '2026-11-23T04:12:44.120Z',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
  ip_address: '203.0.113.9',
  region: 'EU',
  is_bounce: false,
}

/** JSON of a field's value: right ones, wrong ones, and ones at the edge. */
const anyValue: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...Object.values(WIRE).map((value) => JSON.stringify(value))),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"é"',
    '"\\u00e9"',
    '"\\n"',
    '"\u0001"',
    '"\u007f"',
    '"\\""',
    '"a\\',
    '"\\ud800"',
    '""',
    '"',
    '',
  ),
  fc.constantFrom(
    'null',
    'true',
    'false',
    'True',
    '[]',
    '{}',
    '{"page_id":"x"}',
    'NaN',
    '-',
    '01',
    '00',
    '+1',
  ),
  fc.constantFrom('0', '-0', '1e3', '1.0', '1.5', '86400000', '86400001', '100000000', '9007199254740993'),
  fc
    .constantFrom(
      '0.0.0.0',
      '255.255.255.255',
      '256.1.1.1',
      '01.2.3.4',
      '1.2.3',
      '1.2.3.4.5',
      '::1',
      '::',
      '1.2.3.4 ',
    )
    .map((text) => JSON.stringify(text)),
  // Groups and colons as they come: few of them are addresses.
  fc
    .array(fc.constantFrom(':', ':', ':', '::', '0', '1', 'ff', 'a0b1', 'ABCD', '00000', 'g', '1.2.3.4'), {
      maxLength: 17,
    })
    .map((parts) => JSON.stringify(parts.join(''))),
  fc
    .constantFrom('::ffff:1.2.3.4', 'fe80::1%eth0', '2001:db8::1', ':::', 'x'.repeat(50))
    .map((text) => JSON.stringify(text)),
  fc
    .tuple(
      fc.integer({ min: 1960, max: 2120 }),
      ...[13, 33, 25, 61, 61].map((max) => fc.integer({ min: 0, max })),
    )
    .map(([y, ...rest]) => {
      const [mo, d, h, mi, s] = rest.map((n) => String(n).padStart(2, '0'))
      return `"${y}-${mo}-${d}T${h}:${mi}:${s}.${s}0Z"`
    }),
  fc
    .constantFrom(
      '2026-11-23T04:12:44Z',
      '2026-11-23T04:12:44.120+00:00',
      '2026-02-29T00:00:00.000Z',
      '2024-02-29T00:00:00.000Z',
    )
    .map((text) => JSON.stringify(text)),
  fc.constantFrom(
    ...[2_047, 2_048, 2_049, 255, 256, 257, 64, 65].map((length) => JSON.stringify('x'.repeat(length))),
  ),
)

/** Objects with fields of events and others, in any order, some of them twice, some with white space. */
const anyObject: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.shuffledSubarray(Object.keys(WIRE), { minLength: 5 }),
    fc.array(fc.tuple(fc.constantFrom(...Object.keys(WIRE), 'other', '__proto__', 'page_i', ''), anyValue), {
      maxLength: 2,
    }),
    fc.constantFrom('', '', '', '', ' ', '\n', ',', '}'),
    fc.constantFrom(',', ',', ',', ',', ', ', ',,'),
  )
  .map(([names, changes, end, comma]) => {
    const fields = new Map<string, string>(
      names.map((name) => [name, JSON.stringify(WIRE[name as keyof typeof WIRE])]),
    )
    const twice: string[] = []
    for (const [name, value] of changes) {
      if (fields.has(name) && value.length % 5 === 0) twice.push(`"${name}":${value}`)
      else fields.set(name, value)
    }
    const members = [...Array.from(fields, ([name, value]) => `"${name}":${value}`), ...twice]
    return Buffer.from(`{${members.join(comma)}}${end}`)
  })

/** An event some of whose bytes are others, are missing, or are there twice. */
const anyDamage: fc.Arbitrary<Buffer> = fc
  .array(
    fc.tuple(fc.nat(300), fc.constantFrom('change', 'remove', 'double'), fc.integer({ min: 0, max: 255 })),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((damages) => {
    const bytes = [...Buffer.from(JSON.stringify(WIRE))]
    for (const [at, how, byte] of damages) {
      const i = at % bytes.length
      if (how === 'change') bytes[i] = byte
      else bytes.splice(i, how === 'remove' ? 1 : 0, ...(how === 'remove' ? [] : [bytes[i]!]))
    }
    return Buffer.from(bytes)
  })

test('whatever goes the short way is what the long way makes of it', (t) => {
  let taken = 0
  const { seed, numRuns } = seeded(t, 30_000)
  fc.assert(
    fc.property(fc.oneof(anyObject, anyDamage), (value) => {
      if (compare(value)) taken += 1
    }),
    { seed, numRuns },
  )
  assert.ok(taken > numRuns / 20, `only ${taken} of ${numRuns} went the short way, so little was compared`)
})

test('every day that there is, and no other', () => {
  const everything = { nowMs: Date.UTC(2100, 0), maxAgeMs: null, maxFutureMs: 0 }
  for (let year = 1969; year <= 2101; year++) {
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const date = [year, month, day].map((n) => String(n).padStart(2, '0')).join('-')
        const value = Buffer.from(JSON.stringify({ ...WIRE, timestamp: `${date}T23:59:59.999Z` }))
        const valid = theLongWay(value, everything) !== undefined
        assert.equal(compare(value, everything), valid && year <= 2099, date)
      }
    }
  }
})

test('limits of time and size are those of the long way', () => {
  const at = (timestampMs: number): Buffer =>
    Buffer.from(JSON.stringify({ ...WIRE, timestamp: new Date(timestampMs).toISOString() }))
  const limits = { nowMs: NOW, maxAgeMs: 1_000, maxFutureMs: 500 }
  assert.equal(compare(at(NOW - 1_000), limits), true)
  assert.equal(compare(at(NOW - 1_001), limits), false)
  assert.equal(compare(at(NOW + 500), limits), true)
  assert.equal(compare(at(NOW + 501), limits), false)
  const padded = (length: number): Buffer => {
    const rest = JSON.stringify({ ...WIRE, page_id: '' }).length
    return Buffer.from(JSON.stringify({ ...WIRE, page_id: 'x'.repeat(length - rest) }))
  }
  assert.equal(compare(padded(LIMITS.messageBytes)), false, 'the page is too long, though the message is not')
})

test('IPv6 addresses, with what is zero left out at every place', () => {
  let taken = 0
  for (let from = 0; from <= 8; from++) {
    for (let to = from; to <= 8; to++) {
      const groups = Array.from({ length: 8 }, (_, i) => (0x1f0a * (i + 1)).toString(16))
      const left = [groups.slice(0, from).join(':'), groups.slice(to).join(':')].join('::')
      for (const ip_address of [left, groups.slice(from, to).join(':'), `${left}:`, `:${left}`]) {
        const value = Buffer.from(JSON.stringify({ ...WIRE, ip_address }))
        const valid = theLongWay(value, WITHIN) !== undefined
        assert.equal(compare(value), valid, ip_address)
        if (valid) taken += 1
      }
    }
  }
  assert.ok(taken >= 36, 'each gap of one group or more is an address')
})

test('a text of every length ends where it ends', () => {
  for (let length = 0; length < 40; length++) {
    for (const letter of ['x', 'é', '!', '~', '#', '[', ']']) {
      const value = Buffer.from(JSON.stringify({ ...WIRE, user_agent: letter.repeat(length) }))
      assert.equal(compare(value), true)
      for (const other of ['\\n', '\\"', '\\\\', '\u001f', '\u0000']) {
        assert.equal(
          compare(
            Buffer.from(value.toString().replace(/"user_agent":"/, `$&${letter.repeat(length % 4)}${other}`)),
          ),
          false,
        )
      }
    }
  }
})

test('text beyond ASCII goes the short way when it is UTF-8', () => {
  assert.equal(compare(Buffer.from(JSON.stringify({ ...WIRE, page_id: '/über/日本/😀' }))), true)
  const broken = Buffer.from(JSON.stringify({ ...WIRE, page_id: '/ü' }))
  broken[broken.indexOf(0xc3)] = 0xff
  assert.equal(compare(broken), false)
})
