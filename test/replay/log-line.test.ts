import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LogLine, parseLogLine } from '../../src/replay/log-line.ts'
import { kindOf } from '../../src/replay/page-view-line.ts'

const TIME = '[10/Oct/2000:13:55:36 -0700]'
const AT = Date.UTC(2000, 9, 10, 20, 55, 36)
const EXPECTED: LogLine = {
  host: '192.0.2.7',
  timestampMs: AT,
  method: 'GET',
  target: '/a?b=1',
  status: 200,
  userAgent: '',
}

const LINES: readonly (readonly [what: string, line: string, expected: Partial<LogLine>])[] = [
  ['common', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.0" 200 2326`, {}],
  ['no size', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.0" 304 -`, { status: 304 }],
  [
    'combined',
    `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1 "-" "Agent/1 (x; y)"`,
    { userAgent: 'Agent/1 (x; y)' },
  ],
  ['no user agent', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1 "-" "-"`, {}],
  [
    'fields behind',
    `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1 "-" "A" "10.0.0.1" 0.003 -`,
    { userAgent: 'A' },
  ],
  ['fields behind the common form', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1 0.003`, {}],
  ['cut off in the user agent', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1 "-" "Agent`, {}],
  ['vhost in front', `www.example.org:443 192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`, {}],
  ['vhost and user', `www.example.org 192.0.2.7 - jane ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`, {}],
  ['user', `192.0.2.7 - jane ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`, {}],
  ['user with a space', `192.0.2.7 - jane doe ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`, {}],
  ['user in brackets', `192.0.2.7 - [jane] ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`, {}],
  ['IPv6', `2001:db8::7 - - ${TIME} "GET /a?b=1 HTTP/2.0" 200 1`, { host: '2001:db8::7' }],
  [
    'host name',
    `crawler.example.org - - ${TIME} "GET /a?b=1 HTTP/1.1" 200 1`,
    { host: 'crawler.example.org' },
  ],
  ['HTTP/2 without a minor version', `192.0.2.7 - - ${TIME} "GET /a?b=1 HTTP/2" 200 1`, {}],
  ['no protocol', `192.0.2.7 - - ${TIME} "GET /a?b=1" 200 1`, {}],
  [
    'escaped quotes',
    String.raw`192.0.2.7 - - ${TIME} "GET /a\"b HTTP/1.1" 200 1 "-" "say \"hi\" \\"`,
    { target: String.raw`/a\"b`, userAgent: String.raw`say \"hi\" \\` },
  ],
  ['space in the target', `192.0.2.7 - - ${TIME} "GET /a b HTTP/1.1" 200 1`, { target: '/a b' }],
  ['brackets in the target', `192.0.2.7 - - ${TIME} "GET /[x]/] HTTP/1.1" 200 1`, { target: '/[x]/]' }],
  ['no request', `192.0.2.7 - - ${TIME} "-" 408 0`, { method: '', target: '', status: 408 }],
  [
    'bytes of a probe',
    String.raw`192.0.2.7 - - ${TIME} "\x16\x03\x01" 400 0`,
    { method: '', target: '', status: 400 },
  ],
  [
    'ahead of UTC',
    '192.0.2.7 - - [01/Jan/2001:00:30:00 +0545] "GET /a?b=1 HTTP/1.1" 200 1',
    { timestampMs: Date.UTC(2000, 11, 31, 18, 45) },
  ],
  [
    'a leap day',
    '192.0.2.7 - - [29/Feb/2024:23:59:59 +0000] "GET /a?b=1 HTTP/1.1" 200 1',
    { timestampMs: Date.UTC(2024, 1, 29, 23, 59, 59) },
  ],
]

test('what is a log line, and what it says', () => {
  for (const [what, line, expected] of LINES)
    assert.deepEqual(parseLogLine(line), { ...EXPECTED, ...expected }, what)
})

const OTHERS: readonly (readonly [expected: string, line: string])[] = [
  ['no log line', ''],
  ['no log line', ' "Mozilla/5.0"'],
  ['no log line', 'hello'],
  ['no log line', `192.0.2.7 - ${TIME} "GET / HTTP/1.1" 200 1`],
  ['no log line', `192.0.2.7 - - ${TIME} GET / HTTP/1.1 200 1`],
  ['no log line', `192.0.2.7 - - ${TIME} "GET / HTTP/1.1" 200`],
  ['no log line', `192.0.2.7 - - ${TIME} "GET / HTTP/1.1" OK 1`],
  ['no log line', `192.0.2.7 - - ${TIME} "GET / HTTP/1.1" 2000 1`],
  ['no log line', `192.0.2.7 - - ${TIME} "GET / HTTP/1.1 200 1`],
  ['no date', '192.0.2.7 - - [30/Feb/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [29/Feb/2023:10:00:00 +0000] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [01/Foo/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [01/Jan/2024:24:00:00 +0000] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [01/Jan/2024:10:00:00] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [01/Jan/2024:10:00:00 +2500] "GET / HTTP/1.1" 200 1'],
  ['no date', '192.0.2.7 - - [] "GET / HTTP/1.1" 200 1'],
]

test('what is none, and why', () => {
  for (const [expected, line] of OTHERS) assert.equal(parseLogLine(line), expected, line)
})

test('any text is either', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '"',
    '\\',
    ' ',
    '- ',
    TIME,
    ' "GET / HTTP/1.1"',
    ' 200 1',
    '192.0.2.7',
    'é',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(text, (line) => {
      const parsed = parseLogLine(line)
      if (typeof parsed === 'string') return
      assert.ok(Number.isSafeInteger(parsed.timestampMs))
      assert.ok(line.startsWith(parsed.host) || line.includes(` ${parsed.host} `))
      kindOf(parsed)
    }),
    { numRuns: 2_000 },
  )
})

const KINDS: readonly (readonly [target: string, kind: string])[] = [
  ['/', 'page view'],
  ['/index.html', 'page view'],
  ['/a.php?x=b.css', 'page view'],
  ['/a.css', 'asset'],
  ['/a.css?v=1', 'asset'],
  ['/A.JPeG', 'asset'],
  ['/a.tar.gz', 'asset'],
  ['/robots.txt', 'asset'],
  ['/.txt', 'asset'],
  ['/a.css/', 'page view'],
  ['/a.css/b', 'page view'],
  ['/a.cssx', 'page view'],
  ['/a.css;v=1', 'page view'],
  ['/css', 'page view'],
  ['/a.', 'page view'],
  ['/a?b/c.png', 'page view'],
  ['*', 'page view'],
]

test('which requests are page views', () => {
  for (const [target, kind] of KINDS) assert.equal(kindOf({ ...EXPECTED, target }), kind, target)
  for (const status of [200, 304]) assert.equal(kindOf({ ...EXPECTED, status }), 'page view')
  for (const status of [199, 204, 206, 301, 404, 500])
    assert.equal(kindOf({ ...EXPECTED, status }), 'other status')
  for (const method of ['POST', 'HEAD', 'get', ''])
    assert.equal(kindOf({ ...EXPECTED, method }), 'other method')
})
