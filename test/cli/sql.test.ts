import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { formatOf } from '../../src/cli/sql/formats.ts'
import { writeTables } from '../../src/cli/sql/pages.ts'
import { statementsOf } from '../../src/cli/sql/statements.ts'
import { untilException } from '../../src/store/answer.ts'

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'SELECT 1': ['SELECT 1'],
  'SELECT 1;': ['SELECT 1'],
  'SELECT 1;\n\nSELECT 2 ;': ['SELECT 1', 'SELECT 2'],
  ' ; ; ': [],
  '-- nothing; at all\n/* nor; here */': [],
  "SELECT ';', 'it''s;', 'a\\';b'; SELECT 2": ["SELECT ';', 'it''s;', 'a\\';b'", 'SELECT 2'],
  'SELECT 1 AS `a;b`, 2 AS "c;d"; SELECT 2': ['SELECT 1 AS `a;b`, 2 AS "c;d"', 'SELECT 2'],
  'SELECT 1 -- one; two\n, 2; # three; four\nSELECT 3': [
    'SELECT 1 -- one; two\n, 2',
    '# three; four\nSELECT 3',
  ],
  'SELECT /* a; b */ 1; SELECT 2': ['SELECT /* a; b */ 1', 'SELECT 2'],
  'SELECT $end$a;b$end$; SELECT 2': ['SELECT $end$a;b$end$', 'SELECT 2'],
  "SELECT 'never closed; SELECT 2": ["SELECT 'never closed; SELECT 2"],
  "INSERT INTO t VALUES ('a;b'), ('c'); SELECT 2": ["INSERT INTO t VALUES ('a;b'), ('c')", 'SELECT 2'],
  "INSERT INTO t FORMAT Values ('a'); SELECT 2": ["INSERT INTO t FORMAT Values ('a')", 'SELECT 2'],
  'INSERT INTO t FORMAT CSV\na;b\nc;d\n': ['INSERT INTO t FORMAT CSV\na;b\nc;d'],
  'SELECT 1; INSERT INTO t (a, b) FORMAT TSV\n1;\t2': ['SELECT 1', 'INSERT INTO t (a, b) FORMAT TSV\n1;\t2'],
  'INSERT INTO t SELECT 1; SELECT 2 FORMAT CSV; SELECT 3': [
    'INSERT INTO t SELECT 1',
    'SELECT 2 FORMAT CSV',
    'SELECT 3',
  ],
}

for (const [text, statements] of Object.entries(TEXTS)) {
  test(`statements of ${JSON.stringify(text)}`, () => assert.deepEqual(statementsOf(text), statements))
}

test('a person gets a table, a program lines; what is asked for goes before', () => {
  assert.equal(formatOf({}, true).shape, 'table')
  assert.equal(formatOf({}, false).name, 'TabSeparatedWithNames')
  assert.equal(formatOf({ table: true }, false).shape, 'table')
  assert.equal(formatOf({ csv: true, header: false }, true).name, 'CSV')
  assert.equal(formatOf({ json: true }, true).shape, 'json')
  assert.throws(() => formatOf({ csv: true, json: true }, true), /--json and --csv/)
})

test('tables come in pages, so that a large answer needs no large memory', async () => {
  const rows = 2_500
  let written = 0
  let unread = 0
  const body = Readable.from(
    (function* () {
      yield '["n"]\n["UInt64"]\n'
      for (let n = 0; n < rows; n += 1) {
        unread = Math.max(unread, n - written)
        yield `["${n}"]\n`
      }
    })(),
  )
  let text = ''
  const count = await writeTables(
    body,
    async (page) => {
      written += page.trimEnd().split('\n').length - 1
      text += page
    },
    true,
  )
  assert.equal(count, rows)
  assert.deepEqual(
    text.split('\n').filter((line) => /^ *\d+$/.test(line)),
    Array.from({ length: rows }, (_, n) => String(n).padStart(n < 1_000 ? 3 : 4)),
  )
  // A page, and what the stream reads ahead.
  assert.ok(unread < 2_000, `${unread} rows were held`)
})

test('what a cell holds does not reach the terminal; NULL is said; numbers stand to the right', async () => {
  const body = Readable.from([
    '["n","text"]\n["Nullable(UInt8)","String"]\n[7,"\\u001b[31mred\\nline"]\n[null,""]\n',
  ])
  const pages: string[] = []
  await writeTables(body, async (page) => void pages.push(page), true)
  assert.equal(pages.join(''), '   n  text\n   7  \\u001b[31mred\\nline\nNULL\n')
})

const TAG = 'abcdefghijklmnop'
const MESSAGE = 'Code: 395. DB::Exception: thrown on the way. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)\n'
const EXCEPTION = `\r\n__exception__\r\n${TAG}\r\n${MESSAGE}${MESSAGE.length} ${TAG}\r\n__exception__\r\n`

/** What comes through of an answer that arrives in pieces of so many bytes, and the error that it ends with. */
async function read(
  answer: string,
  size: number,
  breaksOff = false,
): Promise<{ passed: string; failed: unknown }> {
  const bytes = Buffer.from(answer)
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
  const source = new Readable({
    read() {
      const piece = pieces.shift()
      if (piece) this.push(piece)
      else if (breaksOff) this.destroy(new Error('aborted'))
      else this.push(null)
    },
  })
  const body = untilException(
    source,
    { 'x-clickhouse-exception-tag': TAG },
    (error) => new Error(`failed: ${error}`),
  )
  let passed = ''
  try {
    for await (const piece of body) passed += piece
    return { passed, failed: undefined }
  } catch (failed) {
    return { passed, failed }
  }
}

for (const size of [1, 7, 40, 10_000]) {
  test(`an error at the end of an answer is an error, however it is cut: ${size} bytes at a time`, async () => {
    const rows = `1\r\n__exception__\r\nother ${TAG}\r\n`.repeat(20)
    assert.deepEqual(await read(rows, size), { passed: rows, failed: undefined })
    assert.deepEqual(await read(rows.trimEnd(), size), { passed: rows.trimEnd(), failed: undefined })
    for (const breaksOff of [false, true]) {
      const { passed, failed } = await read(rows + EXCEPTION, size, breaksOff)
      assert.match(String(failed), /failed: .*thrown on the way/)
      assert.ok(rows.startsWith(passed), passed)
    }
    assert.match(String((await read(rows, size, true)).failed), /failed: .*aborted/)
  })
}
