import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { freePorts } from '../helpers/ports.ts'
import { run, temporaryDirectory } from '../helpers/program.ts'

const LOG_LINE = '203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"\n'

interface Case {
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly status: number
  /** What standard error must say. */
  readonly says: readonly RegExp[]
}

const CASES: Readonly<Record<string, Case>> = {
  'an unknown command': { args: ['explode'], status: 2, says: [/explode/, /--help/] },
  'an unknown flag': { args: ['start', '--bogus'], status: 2, says: [/--bogus/] },
  'a missing argument': { args: ['replay'], status: 2, says: [/files/] },
  'a port that is none': {
    args: ['start', '--producer-port', 'http'],
    status: 2,
    says: [/--producer-port/, /"http"/, /0 to 65535/],
  },
  'a negative speed': {
    args: ['producer'],
    environment: { MILLRACE_SPEED: '-5' },
    status: 2,
    says: [/MILLRACE_SPEED/, /"-5"/],
  },
  'an unknown mode': {
    args: ['producer'],
    environment: { MILLRACE_MODE: 'fast' },
    status: 2,
    says: [/MILLRACE_MODE/, /regular, peak, night/],
  },
  'a length of time without a unit': {
    args: ['consumer', '--consumer-batch-interval', '250'],
    status: 2,
    says: [/250ms/],
  },
  'weights that are none': {
    args: ['producer', '--partitioning', 'page'],
    status: 2,
    says: [/--partitioning/, /page=70/],
  },
  'shares of more than one': {
    args: ['producer', '--bounces', '0.8', '--invalid', '0.8', '--producer-port', '0'],
    status: 2,
    says: [/MILLRACE_BOUNCES/, /together 1/],
  },
  'a setting that does not exist': {
    args: ['config'],
    environment: { MILLRACE_PRODUCER_PROT: '1' },
    status: 2,
    says: [/MILLRACE_PRODUCER_PROT/, /MILLRACE_PRODUCER_PORT/],
  },
  'an address for everybody without a token': {
    args: ['producer', '--host', '0.0.0.0', '--producer-port', '0'],
    status: 2,
    says: [/MILLRACE_API_TOKEN/],
  },
  'a URL for the local server': {
    args: ['clickhouse'],
    environment: { MILLRACE_CLICKHOUSE_URL: 'http://127.0.0.1:1' },
    status: 2,
    says: [/MILLRACE_CLICKHOUSE_URL/],
  },
  'patience that is none': {
    args: ['verify', '--patience', 'long'],
    status: 2,
    says: [/--patience/, /"long"/],
  },
  'an interval that is none': {
    args: ['top', '--interval', '5'],
    status: 2,
    says: [/--interval/, /"5"/, /250ms/],
  },
  'once and for ever': { args: ['top', '--once', '--watch'], status: 2, says: [/--once and --watch/] },
  'a place that is none': {
    args: ['dead-letters', 'show', 'there'],
    status: 2,
    says: [/"there"/, /3\/1204/],
  },
  'an unknown reason': {
    args: ['dead-letters', 'list', '--reason', 'ugly'],
    status: 2,
    says: [/"ugly"/, /broken_json/],
  },
}

for (const [what, { args, environment, status, says }] of Object.entries(CASES)) {
  test(`${what}: millrace ${args.join(' ')}`, async (t) => {
    const ended = await run(args, { MILLRACE_DATA_DIR: await temporaryDirectory(t), ...environment })
    assert.equal(ended.status, status, ended.stderr)
    for (const words of says) assert.match(ended.stderr, words)
    assertCalm(ended.stderr)
    assert.equal(ended.stdout, '')
  })
}

const FILES: readonly [what: string, content: (directory: string) => Promise<string>, says: RegExp][] = [
  [
    'a file that is missing',
    async (directory) => join(directory, 'missing.log'),
    /missing\.log.*no such file/,
  ],
  ['a directory', async (directory) => directory, /directory/],
  ['an empty file', (directory) => file(directory, ''), /empty/],
  ['a file of something else', (directory) => file(directory, Buffer.alloc(5_000, 7)), /no access log/],
  [
    'a compressed file that is cut off',
    (directory) => file(directory, gzipSync(LOG_LINE.repeat(100)).subarray(0, 60)),
    /cannot be read to its end/,
  ],
]

for (const [what, content, says] of FILES) {
  test(`replay of ${what} is refused by name, and nothing of the other files is sent`, async (t) => {
    const dataDir = await temporaryDirectory(t)
    const good = await file(dataDir, LOG_LINE, 'good.log')
    const environment = { MILLRACE_DATA_DIR: dataDir, MILLRACE_RAW_TTL_DAYS: '0' }
    const ended = await run(['replay', good, await content(dataDir)], environment)
    assert.equal(ended.status, 2, ended.stderr)
    assert.match(ended.stderr, says)
    assertCalm(ended.stderr)
  })
}

test('a data directory that is a file is refused by name', async (t) => {
  const path = await file(await temporaryDirectory(t), 'a file', 'data')
  const [producer, consumer] = await freePorts(2)
  const ports = { MILLRACE_PRODUCER_PORT: String(producer), MILLRACE_CONSUMER_PORT: String(consumer) }
  for (const command of ['start', 'producer', 'consumer', 'verify', 'resend']) {
    const ended = await run([command], { MILLRACE_DATA_DIR: path, ...ports })
    assert.equal(ended.status, 2, `${command}: ${ended.stderr}`)
    assert.ok(ended.stderr.includes(path), ended.stderr)
    assertCalm(ended.stderr)
  }
})

test('a port that is taken: the message names the setting, and nothing stays behind', async (t) => {
  const port = await takenPort(t)
  for (const [command, setting] of [
    ['producer', 'MILLRACE_PRODUCER_PORT'],
    ['start', 'MILLRACE_CONSUMER_PORT'],
  ] as const) {
    const other = setting === 'MILLRACE_PRODUCER_PORT' ? 'MILLRACE_CONSUMER_PORT' : 'MILLRACE_PRODUCER_PORT'
    const ended = await run([command], {
      MILLRACE_DATA_DIR: await temporaryDirectory(t),
      [setting]: String(port),
      [other]: '0',
    })
    assert.equal(ended.status, 2, ended.stderr)
    assert.match(ended.stderr, new RegExp(setting))
    assertCalm(ended.stderr)
  }
})

test('a consumer without tables says how to make them', async (t) => {
  const ended = await run(['consumer'], {
    MILLRACE_DATA_DIR: await temporaryDirectory(t),
    MILLRACE_CONSUMER_PORT: '0',
    MILLRACE_CLICKHOUSE_PORT: '0',
  })
  assert.equal(ended.status, 4, ended.stderr)
  assert.match(ended.stderr, /-init-schema/)
  assertCalm(ended.stderr)
})

test('sql: what is wrong is said, and writing needs a flag', async (t) => {
  const environment = { MILLRACE_DATA_DIR: await temporaryDirectory(t), MILLRACE_CLICKHOUSE_PORT: '0' }
  const sql = (...args: string[]) => run(['sql', ...args], environment)
  const wrong = await sql('SELEC 1')
  assert.notEqual(wrong.status, 0)
  assert.match(wrong.stderr, /SELEC|Syntax error/)
  const write = await sql('CREATE TABLE t (a UInt8) ENGINE = Memory')
  assert.notEqual(write.status, 0)
  assert.match(write.stderr, /--write/)
  assertCalm(write.stderr)
  assert.equal((await sql('')).status, 2)
  const good = await sql('--json', 'SELECT 1 AS one')
  assert.deepEqual(JSON.parse(good.stdout), [{ one: 1 }])
})

test('resend of a file that holds something else is refused with the line', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const path = await file(dataDir, '{"a":1}\n')
  const ended = await run(['resend', path], { MILLRACE_DATA_DIR: dataDir })
  assert.equal(ended.status, 2)
  assert.ok(ended.stderr.includes(`${path}, line 1`), ended.stderr)
})

test('secrets are never shown', async (t) => {
  const environment = {
    MILLRACE_DATA_DIR: await temporaryDirectory(t),
    MILLRACE_API_TOKEN: 'hidden-token',
    MILLRACE_CLICKHOUSE_PASSWORD: 'hidden-password',
  }
  for (const args of [['config'], ['config', '--json']]) {
    const { stdout, status } = await run(args, environment)
    assert.equal(status, 0)
    assert.ok(!stdout.includes('hidden-'), stdout)
    assert.match(stdout, /MILLRACE_API_TOKEN/)
  }
})

/** One error for a person: no stack, no second thought. */
function assertCalm(stderr: string): void {
  assert.doesNotMatch(stderr, /^\s+at |should not have happened|node:internal/m)
}

async function file(directory: string, content: string | Buffer, name = 'file'): Promise<string> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}
