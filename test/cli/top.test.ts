import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { createProgram } from '../../src/cli/program.ts'
import { TopReader } from '../../src/cli/top/reader.ts'
import { type Colour, renderTop } from '../../src/cli/top/render.ts'
import {
  RATES,
  type Reading,
  snapshotOf,
  type TopPages,
  type TopSnapshot,
} from '../../src/cli/top/snapshot.ts'
import { configWith } from '../../src/config/config.ts'
import type { Trouble } from '../../src/consumer/retry.ts'
import { type ConsumerStatus, statusOf } from '../../src/consumer/status.ts'
import type { ProducerStatus } from '../../src/producer/status.ts'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'

const NOW = Date.parse('2026-11-23T05:12:44.000Z')

/** As the consumer itself puts it, so that its sentences are those that are told apart here. */
function consumerStatus(
  troubles: readonly Pick<Trouble, 'what' | 'message'>[] = [],
  lags: readonly number[] = [0, 1_204, 3],
  failure: string | null = null,
): ConsumerStatus {
  const partitions = lags.map((lag, partition) => ({ partition, earliest: 0, end: lag, committed: 0, lag }))
  return statusOf({
    version: '0.1.0',
    mode: 'hybrid',
    topic: 'page-views',
    group: 'millrace',
    startedAtMs: NOW - 200_000,
    nowMs: NOW,
    counts: {
      processed: 12_345,
      valid: 11_733,
      invalid: 612,
      invalidByReason: {},
      repeats: 0,
      conflicts: 0,
      lost: 7,
      gaps: 1,
      lastFlush: { atMs: NOW, messages: 250, writeMs: 12 },
    },
    lag: { messages: lags.reduce((a, b) => a + b, 0), seconds: 3.2, partitions },
    assignments: lags.map((_, partition) => partition),
    rollUp: {
      freshAsOfMs: { minute: NOW - 400, hour: NOW - 400 },
      staleWindows: { slice: 0, minute: 0, hour: 0 },
      tookMs: {},
      failure,
    },
    visibleLatencyMs: null,
    store: { url: 'http://127.0.0.1:8123', local: true },
    troubles: troubles.map((trouble) => ({ ...trouble, sinceMs: NOW, attempts: 3 })),
  })
}

const PRODUCER = {
  version: '0.1.0',
  mode: 'peak',
  generating: true,
  topic: 'page-views',
  partitions: 3,
  generated: 12_400,
  sent: 12_350,
  failed: 0,
  dropped: 50,
  buffer_used: 4_711,
  buffer_size: 10_000,
  uptime_seconds: 200,
  troubles: [] as string[],
} as ProducerStatus

const PAGE = {
  view_count: 1_234,
  unique_users: 800,
  bounce_count: 125,
  bounce_rate: 0.101,
  avg_duration_ms: 63_000,
  p50_duration_ms: 60_000,
  p95_duration_ms: 240_000,
}

function pagesOf(...names: readonly string[]): TopPages {
  const pages = names.map((page_id) => ({ page_id, ...PAGE }))
  return { from: '', to: '', pages_total: 132, pages }
}

function snapshot(reading: Partial<Reading> = {}): TopSnapshot {
  return snapshotOf({
    nowMs: NOW,
    producer: { url: 'http://127.0.0.1:8080', status: PRODUCER, problem: null },
    consumer: { url: 'http://127.0.0.1:8081', status: consumerStatus(), problem: null },
    log: 'embedded',
    store: null,
    top: { value: pagesOf('/pricing'), problem: null },
    rates: Object.fromEntries(RATES.map((name, i) => [name, 1_000 + i])) as Reading['rates'],
    ...reading,
  })
}

const REFUSED = 'The consumer does not answer at http://127.0.0.1:8081 (connection refused).'
const AWAY = { url: 'http://127.0.0.1:8081', status: null, problem: REFUSED }

function render(of: TopSnapshot, columns = 80, rows = 23): string[] {
  return renderTop(of, { columns, rows, hint: 'q ends it', paint: (_, text) => text }).split('\n')
}

test('a system that is well: every number at its place', () => {
  const lines = render(snapshot())
  const text = lines.join('\n')
  for (const line of [
    /^Millrace 0\.1\.0 {2}2026-11-23 05:12:44 UTC +q ends it$/,
    /^producer +up +127\.0\.0\.1:8080 +peak, 4,711 of 10,000 wait, up 3m 20s$/,
    /^log +up +embedded +page-views, 3 partitions$/,
    /^consumer +up +127\.0\.0\.1:8081 +hybrid, 3 of 3 partitions, up 3m 20s$/,
    /^ClickHouse +up +127\.0\.0\.1:8123 +last 250 messages in 12ms$/,
    /^generated +1,000\/s +12,400 +failed +1,002\/s +0$/,
    /^sent +1,001\/s +12,350 +dropped +1,003\/s +50$/,
    /^consumed +1,004\/s +12,345 +rejected +1,006\/s +612$/,
    /^written +1,005\/s +lost +1,007\/s +7$/,
    /^fresh as of +05:12:43\.600 UTC, now$/,
    /^lag +1,207 messages, the oldest has waited for 3\.2s$/,
    /^ +0: 0 {2}1: 1,204 {2}2: 3$/,
    /^pages, last 5 minutes \(1 of 132\) +views +users/,
    /^\/pricing +1,234 +800 +10\.1% +1m 3s +4m 0s$/,
  ]) {
    assert.ok(
      lines.some((each) => line.test(each)),
      `${line} is not in\n${text}`,
    )
  }
})

const SIZES = [
  [80, 23],
  [140, 39],
  [60, 12],
  [30, 5],
] as const

for (const [columns, rows] of SIZES) {
  test(`${columns} columns and ${rows} lines are never exceeded`, () => {
    const names = Array.from({ length: 50 }, (_, i) => `/${'long/'.repeat(i)}`)
    const troubles = [{ what: 'store', message: 'connect ECONNREFUSED 127.0.0.1:8123 '.repeat(5) }] as const
    const of = snapshot({
      consumer: {
        ...AWAY,
        status: consumerStatus(
          troubles,
          Array.from({ length: 1_024 }, (_, i) => i),
        ),
      },
      top: { value: pagesOf(...names), problem: null },
    })
    const lines = render(of, columns, rows)
    assert.ok(lines.length <= rows, `${lines.length} lines`)
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} characters: ${line}`)
  })
}

test('a taller and wider terminal shows more pages, and more of their names', () => {
  const names = Array.from({ length: 50 }, (_, i) => `/page-${i}/${'x'.repeat(60)}`)
  const of = snapshot({ top: { value: pagesOf(...names), problem: null } })
  const shown = (columns: number, rows: number) =>
    render(of, columns, rows).filter((line) => line.startsWith('/page-'))
  assert.ok(shown(140, 39).length > shown(80, 23).length)
  assert.ok(shown(80, 23).length >= 3)
  assert.match(shown(80, 23)[0]!, /…/)
  assert.match(shown(140, 39)[0]!, /x{60} /)
})

test('of many partitions those that are behind most are shown, and how many are left out', () => {
  const lags = Array.from({ length: 200 }, (_, i) => (i === 150 ? 90_000 : i === 7 ? 5 : 0))
  const text = render(snapshot({ consumer: { ...AWAY, status: consumerStatus([], lags) } })).join('\n')
  assert.match(text, /150: 90,000 {2}7: 5 {2}and 198 others/)
})

test('a page with control characters in its name moves nothing on the terminal', () => {
  const of = snapshot({
    top: { value: pagesOf('/\x1b[2J\x9b1mevil\n\u202egnp.exe', '/日本語'), problem: null },
  })
  const text = render(of).join('\n')
  assert.equal(stripVTControlCharacters(text), text)
  assert.match(text, /\\u001b\[2J/)
  // Two columns wide each: the numbers still stand below each other.
  assert.match(text, /^\/日本語 {25,}1,234/m)
})

interface Case {
  readonly reading: Partial<Reading>
  readonly states: Readonly<Record<'producer' | 'log' | 'consumer' | 'clickhouse', string>>
  readonly says: RegExp
}

const CASES: Readonly<Record<string, Case>> = {
  'ClickHouse is away, says the consumer': {
    reading: {
      consumer: { ...AWAY, status: consumerStatus([{ what: 'store', message: 'connect ECONNREFUSED' }]) },
    },
    states: { producer: 'up', log: 'up', consumer: 'up', clickhouse: 'away' },
    says: /The store has been away since .*ECONNREFUSED/,
  },
  'ClickHouse does not roll up': {
    reading: { consumer: { ...AWAY, status: consumerStatus([], [0], 'MEMORY_LIMIT_EXCEEDED') } },
    states: { producer: 'up', log: 'up', consumer: 'up', clickhouse: 'trouble' },
    says: /roll-up .*MEMORY_LIMIT_EXCEEDED/,
  },
  'ClickHouse does not answer a question, and nothing was to be written': {
    reading: { top: { value: undefined, problem: 'querying: connect ECONNREFUSED 127.0.0.1:8123' } },
    states: { producer: 'up', log: 'up', consumer: 'up', clickhouse: 'trouble' },
    says: /querying: connect ECONNREFUSED/,
  },
  'the log is away, says the consumer': {
    reading: { consumer: { ...AWAY, status: consumerStatus([{ what: 'log', message: 'no broker' }]) } },
    states: { producer: 'up', log: 'away', consumer: 'up', clickhouse: 'up' },
    says: /The log has been away since .*no broker/,
  },
  'the log does not take what is sent, says the producer': {
    reading: {
      producer: {
        url: '',
        status: { ...PRODUCER, troubles: ['The event log does not take it: full'] },
        problem: null,
      },
    },
    states: { producer: 'up', log: 'away', consumer: 'up', clickhouse: 'up' },
    says: /The event log does not take it: full/,
  },
  'the consumer is away': {
    reading: {
      consumer: AWAY,
      store: { state: 'up', where: 'http://127.0.0.1:8123', problem: null },
      top: { value: pagesOf('/pricing'), problem: REFUSED },
    },
    states: { producer: 'up', log: 'up', consumer: 'away', clickhouse: 'up' },
    says: /The consumer does not answer .*connection refused/,
  },
  'both services are away': {
    reading: { consumer: AWAY, producer: { ...AWAY, problem: 'The producer does not answer.' } },
    states: { producer: 'away', log: 'unknown', consumer: 'away', clickhouse: 'unknown' },
    says: /The producer does not answer\./,
  },
}

for (const [what, { reading, states, says }] of Object.entries(CASES)) {
  test(`${what}: told in words, and in red`, () => {
    const of = snapshot(reading)
    const { producer, log, consumer, clickhouse } = of
    assert.deepEqual(
      {
        producer: producer.state,
        log: log.state,
        consumer: consumer.state,
        clickhouse: clickhouse.state,
      },
      states,
    )
    const painted: string[] = []
    const paint = (colour: Colour, text: string) => {
      if (colour === 'red') painted.push(text)
      return text
    }
    const text = renderTop(of, { columns: 120, rows: 39, hint: '', paint })
    assert.match(text.replace(/\s+/g, ' '), says)
    assert.match(painted.join(' ').replace(/\s+/g, ' '), says)
    for (const state of Object.values(states)) {
      if (state === 'away' || state === 'trouble') assert.ok(painted.includes(state), state)
    }
  })
}

test('services that do not take the token are not asked again and again, which would lock out others', async (t) => {
  const asked = new Map<string, number>()
  const [producerPort, consumerPort] = await Promise.all(
    ['producer', 'consumer'].map(async (name) => {
      const server = createServer((_, answer) => {
        asked.set(name, (asked.get(name) ?? 0) + 1)
        answer.writeHead(401).end('{}')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(() => server.close())
      return (server.address() as AddressInfo).port
    }),
  )
  const dataDir = await temporaryDirectory(t)
  const reader = new TopReader(
    configWith({ dataDir, producerPort: producerPort!, consumerPort: consumerPort! }),
  )
  for (let i = 0; i < 20; i++) {
    const { producer, consumer } = await reader.take()
    for (const { state, problem } of [producer, consumer]) {
      assert.equal(state, 'away')
      assert.match(problem!, /wants another token.*MILLRACE_API_TOKEN/)
    }
  }
  // The consumer is asked for its status and for the pages.
  assert.deepEqual(Object.fromEntries(asked), { producer: 1, consumer: 2 })
})

/** A terminal as Node has it, that nobody looks at. */
class Terminal extends PassThrough {
  readonly isTTY = true
  columns = 80
  rows = 24
  text = ''

  constructor() {
    super()
    this.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
    })
  }
}

class Keyboard extends EventEmitter {
  readonly isTTY = true
  isRaw = false
  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }
  resume(): this {
    return this
  }
  pause(): this {
    return this
  }
}

async function live(t: TestContext) {
  const [producer, consumer] = await freePorts(2)
  const stdout = new Terminal()
  const stdin = new Keyboard()
  const end = new AbortController()
  const program = createProgram({
    environment: { MILLRACE_DATA_DIR: await temporaryDirectory(t) },
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stdout as unknown as NodeJS.WriteStream,
    signal: end.signal,
  })
  const ended = program.parseAsync(
    ['top', '--producer-port', String(producer), '--consumer-port', String(consumer), '--interval', '10m'],
    { from: 'user' },
  )
  await eventually('a first frame', () => stdout.text.includes('not known while'))
  return { stdout, stdin, end, ended }
}

const LEAVE = '\x1b[?1049l'

for (const key of ['q', '\x03']) {
  test(`on a terminal it takes the whole screen, and gives it back at ${JSON.stringify(key)}`, async (t) => {
    const { stdout, stdin, ended } = await live(t)
    assert.ok(stdout.text.startsWith('\x1b[?1049h'))
    assert.match(stripVTControlCharacters(stdout.text), /^producer +away/m)
    assert.ok(stdin.isRaw)
    assert.ok(!stdout.text.includes(LEAVE))
    stdin.emit('data', Buffer.from('x'))
    stdin.emit('data', Buffer.from(key))
    await ended
    assert.ok(!stdin.isRaw)
    assert.ok(stdout.text.includes(LEAVE))
  })
}

test('another size of the terminal: it is drawn again at once, and a signal ends it', async (t) => {
  const { stdout, stdin, end, ended } = await live(t)
  const before = stdout.text.length
  stdout.columns = 140
  stdout.emit('resize')
  await eventually('another frame', () => stdout.text.slice(before).includes('not known while'))
  const frame = stripVTControlCharacters(stdout.text.slice(before))
  assert.equal(Math.max(...frame.split('\n').map((line) => line.length)), 140)
  end.abort()
  await ended
  assert.ok(!stdin.isRaw)
  assert.ok(stdout.text.includes(LEAVE))
})
