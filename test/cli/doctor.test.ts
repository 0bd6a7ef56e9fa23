import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import type { BrokersSeen } from '../../src/cli/compose.ts'
import { type Check, type Outcome, runChecks, type Surroundings } from '../../src/cli/doctor/check.ts'
import { brokersCheck } from '../../src/cli/doctor/checks/brokers.ts'
import { clickhouseCheck } from '../../src/cli/doctor/checks/clickhouse.ts'
import { clickhousePortCheck } from '../../src/cli/doctor/checks/clickhouse-port.ts'
import { clickhouseSchemaCheck } from '../../src/cli/doctor/checks/clickhouse-schema.ts'
import { clockOutcome } from '../../src/cli/doctor/checks/clock.ts'
import { dataDirectoryOutcome } from '../../src/cli/doctor/checks/data-directory.ts'
import { diskCheck, diskOutcome } from '../../src/cli/doctor/checks/disk.ts'
import { fileModesOutcome } from '../../src/cli/doctor/checks/file-modes.ts'
import { memoryCheck, memoryOutcome } from '../../src/cli/doctor/checks/memory.ts'
import { nodeCheck, nodeOutcome } from '../../src/cli/doctor/checks/node.ts'
import { openFilesCheck, openFilesOutcome } from '../../src/cli/doctor/checks/open-files.ts'
import { platformCheck } from '../../src/cli/doctor/checks/platform.ts'
import { consumerPortCheck, producerPortCheck } from '../../src/cli/doctor/checks/service-port.ts'
import { topicCheck, topicOutcome } from '../../src/cli/doctor/checks/topic.ts'
import { describeFindings } from '../../src/cli/doctor/describe.ts'
import { readSettings } from '../../src/cli/doctor/settings.ts'
import { surroundingsOf } from '../../src/cli/doctor/surroundings.ts'
import { type Config, configWith } from '../../src/config/config.ts'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const LOCAL = { clickhouseUrl: '', clickhouseMemory: 2 * GIB }
const ELSEWHERE = { ...LOCAL, clickhouseUrl: 'http://ch:8123' }
const EMBEDDED = { kafkaBrokers: '', logRetentionBytes: 10 * GIB }
const ON_KAFKA = { ...EMBEDDED, kafkaBrokers: 'k:9092' }
const TOPIC = { partitions: 6, replicas: 3, leaderless: [], behind: [] }
const DISK = { room: 50 * GIB, total: 100 * GIB, files: 1e6, log: 0 }

const OUTCOMES: readonly [what: string, outcome: Outcome, state: Outcome['state'], says: RegExp][] = [
  ['this Node', nodeOutcome('24.21.0'), 'ok', /24\.21\.0/],
  ['an old Node', nodeOutcome('22.9.0'), 'fail', /22\.9\.0 is too old.*bin\/millrace\.js/],
  [
    'much memory',
    memoryOutcome({ total: 8 * GIB, available: 4 * GIB }, LOCAL),
    'ok',
    /8 GiB, 4 GiB of it free/,
  ],
  [
    'less memory than ClickHouse may take',
    memoryOutcome({ total: 2 * GIB, available: GIB }, LOCAL),
    'warn',
    /may take 2 GiB\. Set MILLRACE_CLICKHOUSE_MEMORY to 1536M or less/,
  ],
  [
    'the same for ClickHouse elsewhere',
    memoryOutcome({ total: 2 * GIB, available: GIB }, ELSEWHERE),
    'ok',
    /./,
  ],
  [
    'far too little memory',
    memoryOutcome({ total: 300 * MIB, available: 200 * MIB }, LOCAL),
    'fail',
    /300 MiB.*too little/,
  ],
  [
    'memory that others take',
    memoryOutcome({ total: 8 * GIB, available: 50 * MIB }, LOCAL),
    'warn',
    /50 MiB/,
  ],
  ['many open files', openFilesOutcome(65_536), 'ok', /65536/],
  ['few open files', openFilesOutcome(1_024), 'warn', /1024 at most, 4096.*ulimit -n/],
  ['far too few open files', openFilesOutcome(256), 'fail', /256/],
  ['a large disk', diskOutcome(DISK, EMBEDDED), 'ok', /50 GiB of 100 GiB free/],
  ['a full disk', diskOutcome({ ...DISK, room: 10 * MIB }, EMBEDDED), 'fail', /10 MiB.*MILLRACE_DATA_DIR/],
  ['little room', diskOutcome({ ...DISK, room: GIB }, ON_KAFKA), 'warn', /1 GiB/],
  [
    'less room than the log may take',
    diskOutcome({ ...DISK, room: 5 * GIB, log: 2 * GIB }, EMBEDDED),
    'warn',
    /may grow to 10 GiB.*MILLRACE_LOG_RETENTION_BYTES/,
  ],
  [
    'room for what the log does not take yet',
    diskOutcome({ ...DISK, room: 5 * GIB, log: 6 * GIB }, EMBEDDED),
    'ok',
    /./,
  ],
  ['the same on Kafka', diskOutcome({ ...DISK, room: 5 * GIB }, ON_KAFKA), 'ok', /./],
  ['no inodes', diskOutcome({ ...DISK, files: 12 }, EMBEDDED), 'fail', /only 12 more files/],
  ['clocks that agree', clockOutcome({ aheadMs: 3, uncertainMs: 4 }), 'ok', /agrees within 4ms/],
  ['clocks of a slow answer', clockOutcome({ aheadMs: -7_000, uncertainMs: 4_000 }), 'ok', /7s behind/],
  ['a clock that is off', clockOutcome({ aheadMs: 90_000, uncertainMs: 4 }), 'warn', /1m 30s ahead.*NTP/],
  ['a topic that is whole', topicOutcome('t', TOPIC), 'ok', /6 partitions, 3 copies/],
  ['a topic with copies behind', topicOutcome('t', { ...TOPIC, behind: [2, 5] }), 'warn', /2, 5 are behind/],
  [
    'a topic without leaders',
    topicOutcome('t', { ...TOPIC, leaderless: [1], behind: [1] }),
    'fail',
    /leads .* 1\./,
  ],
]

for (const [what, outcome, state, says] of OUTCOMES) {
  test(`${what}: ${state}`, () => {
    assert.equal(outcome.state, state, JSON.stringify(outcome))
    assert.match(`${outcome.detail}. ${outcome.mend ?? ''}`, says)
    // What is not well comes with what to do.
    assert.equal(outcome.mend === undefined, state === 'ok')
  })
}

test('what is asked of this machine is what it has', async (t) => {
  const around = await surroundings(t)
  for (const check of [nodeCheck, platformCheck, memoryCheck, openFilesCheck, diskCheck]) {
    const [finding] = await runChecks([check], around)
    assert.equal(finding?.name, check.name)
    assert.match(finding.detail, /\d|no limit/)
  }
  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -Hn'])
  const [files] = await runChecks([openFilesCheck], around)
  assert.ok(
    files!.detail.includes(stdout.trim()) || stdout.trim() === 'unlimited',
    `${files!.detail}, ${stdout}`,
  )
})

test('ports that are free, and ports that are not checked', async (t) => {
  const [producerPort = 0, consumerPort = 0, clickhousePort = 0] = await freePorts(3)
  const free = await runChecks(PORTS, await surroundings(t, { producerPort, consumerPort, clickhousePort }))
  assert.deepEqual(
    free.map(({ state }) => state),
    ['ok', 'ok', 'ok'],
  )
  for (const { detail } of free) assert.match(detail, /\d of 127\.0\.0\.1 is free/)

  const any = await surroundings(t, { producerPort: 0, consumerPort: 0, clickhouseUrl: 'http://127.0.0.1:1' })
  assert.deepEqual(
    (await runChecks(PORTS, any)).map(({ detail }) => detail),
    ['any free one is taken', 'any free one is taken'],
  )
})

test('ports held by a stranger: one that says nothing, and one that speaks HTTP', async (t) => {
  const silent = createServer((socket) => void socket.on('error', () => {}))
  const web = createHttpServer((_, answer) => answer.end('{"hello":"world"}'))
  const [producerPort, consumerPort] = [await listening(t, silent), await listening(t, web)]
  const around = await surroundings(t, { producerPort, consumerPort, clickhousePort: consumerPort })
  const [producer, consumer, clickhouse] = await runChecks(PORTS, around)
  assert.equal(producer!.state, 'fail')
  assert.match(
    producer!.detail,
    new RegExp(`port ${producerPort} of 127.0.0.1: another program has the port`),
  )
  assert.match(producer!.mend!, /MILLRACE_PRODUCER_PORT/)
  assert.equal(consumer!.state, 'fail')
  assert.match(consumer!.mend!, /MILLRACE_CONSUMER_PORT/)
  // The local server takes another one.
  assert.equal(clickhouse!.state, 'warn')
  assert.match(clickhouse!.detail, /another program/)
})

test('a port held by a service that wants another token', async (t) => {
  const web = createHttpServer((_, answer) => answer.writeHead(401).end('{}'))
  const around = await surroundings(t, { producerPort: await listening(t, web) })
  const [finding] = await runChecks([producerPortCheck], around)
  assert.equal(finding!.state, 'fail')
  assert.match(finding!.mend!, /MILLRACE_API_TOKEN/)
})

test('an address that is none of this machine', async (t) => {
  const [finding] = await runChecks([producerPortCheck], await surroundings(t, { host: '192.0.2.1' }))
  assert.equal(finding!.state, 'fail')
  assert.match(finding!.mend!, /MILLRACE_HOST/)
})

test('a data directory that is there, is not there yet, or cannot be', async (t) => {
  const directory = await temporaryDirectory(t)
  assert.deepEqual(dataDirectoryOutcome(directory), { state: 'ok', detail: directory })
  const deep = join(directory, 'a', 'b')
  assert.equal(dataDirectoryOutcome(deep).state, 'ok')
  await assert.rejects(stat(join(directory, 'a')), 'it was not made')

  const file = join(directory, 'file')
  await writeFile(file, '')
  for (const path of [file, join(file, 'data')]) {
    const { state, detail, mend } = dataDirectoryOutcome(path)
    assert.equal(state, 'fail')
    assert.ok(detail.includes(file), detail)
    assert.match(mend!, /MILLRACE_DATA_DIR/)
  }
})

test('a data directory that this user may not write in', async (t) => {
  const directory = await temporaryDirectory(t)
  await chmod(directory, 0o555)
  const { state, detail, mend } = await asUnprivileged(join(directory, 'data'))
  assert.equal(state, 'fail')
  assert.match(detail, /EACCES/)
  assert.ok(detail.includes(directory), detail)
  assert.match(mend!, /right to write/)
})

test('modes and owners of what is in the data directory', async (t) => {
  const directory = await temporaryDirectory(t)
  const user = process.getuid!()
  const secret = join(directory, 'clickhouse', 'password')
  await mkdir(join(directory, 'clickhouse'), { mode: 0o700 })
  await writeFile(secret, 'secret', { mode: 0o600 })
  assert.equal(fileModesOutcome(directory, user)!.state, 'ok')
  assert.equal(fileModesOutcome(join(directory, 'none'), user), null)

  await chmod(secret, 0o644)
  const open = fileModesOutcome(directory, user)!
  assert.equal(open.state, 'warn')
  assert.ok(open.detail.startsWith(`${secret} is open`), open.detail)
  assert.equal(open.mend, `chmod -R go= ${directory}`)
  await promisify(execFile)('sh', ['-c', open.mend!])
  assert.equal(fileModesOutcome(directory, user)!.state, 'ok')

  await chmod(directory, 0o777)
  assert.ok(fileModesOutcome(directory, user)!.detail.startsWith(`${directory} is open`))

  const foreign = fileModesOutcome(directory, user + 1)!
  assert.equal(foreign.state, 'fail')
  assert.match(foreign.detail, /and 1 more are of another user/)
})

test('brokers and ClickHouse that refuse the connection: one failure each, and nothing of what depends on them', async (t) => {
  const [broker, clickhouse] = await freePorts(2)
  const around = await surroundings(t, {
    kafkaBrokers: `127.0.0.1:${broker}`,
    clickhouseUrl: `http://127.0.0.1:${clickhouse}`,
  })
  const findings = await runChecks([brokersCheck, topicCheck, clickhouseCheck, clickhouseSchemaCheck], around)
  assert.deepEqual(
    findings.map(({ name, state }) => [name, state]),
    [
      ['brokers', 'fail'],
      ['ClickHouse', 'fail'],
    ],
  )
  assert.match(findings[0]!.detail, new RegExp(`ECONNREFUSED 127.0.0.1:${broker}`))
  assert.match(findings[0]!.mend!, /MILLRACE_KAFKA_BROKERS/)
  assert.match(findings[1]!.detail, new RegExp(`^http://127.0.0.1:${clickhouse}: .*ECONNREFUSED`))
  assert.match(findings[1]!.mend!, /MILLRACE_CLICKHOUSE_URL/)
})

test('brokers that answer and are not well: too old, not where they say, or not at all of the addresses', async (t) => {
  const [closed] = await freePorts(1)
  const open = await listening(t, createServer())
  const addresses = [`127.0.0.1:${open}`, `127.0.0.1:${closed}`]
  const around = await surroundings(t, { kafkaBrokers: addresses.join(',') })
  const seen = {
    brokers: [{ id: 7, address: 'kafka:9092', problem: null }],
    version: '3.9',
    isNewEnough: true,
    topic: null,
  }
  const findingOf = async (changes: Partial<BrokersSeen>) => {
    const brokers = async () => ({ ...seen, ...changes })
    const [finding] = await runChecks([brokersCheck], { ...around, brokers })
    return finding!
  }
  const one = await findingOf({})
  assert.equal(one.state, 'warn')
  assert.ok(one.detail.endsWith(`nothing answers at ${addresses[1]}`), one.detail)

  const old = await findingOf({ version: 'older than 3.5', isNewEnough: false })
  assert.deepEqual([old.state, old.mend], ['fail', 'Kafka 3.5 or later is needed.'])

  const lost = await findingOf({ brokers: [{ id: 7, address: 'kafka:9092', problem: 'ENOTFOUND kafka' }] })
  assert.equal(lost.state, 'fail')
  assert.match(lost.detail, /broker 7 says that it is at kafka:9092.*ENOTFOUND/)
  assert.match(lost.mend!, /advertised\.listeners/)
})

test('all mistakes in the settings are told, and the good ones hold', async (t) => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'token'), 'from-a-file\n')
  const { config, findings } = readSettings(
    {
      HOME: '/',
      MILLRACE_SPEED: '-1',
      MILLRACE_SPED: '5',
      MILLRACE_MODE: 'night',
      MILLRACE_API_TOKEN_FILE: join(directory, 'token'),
      MILLRACE_CLICKHOUSE_PASSWORD_FILE: join(directory, 'none'),
      MILLRACE_CLICKHOUSE_CLUSTER: 'c',
      MILLRACE_BOUNCES: '0.9',
      MILLRACE_INVALID: '0.9',
    },
    { consumerPort: 'http', producerPort: '9' },
  )
  assert.deepEqual(
    [config.mode, config.speed, config.apiToken, config.producerPort, config.consumerPort],
    ['night', 0, 'from-a-file', 9, 8081],
  )
  const texts = findings.map(({ detail }) => detail).join('\n')
  for (const says of [
    /MILLRACE_SPEED: "-1"/,
    /MILLRACE_SPED: there is no such setting/,
    /MILLRACE_CLICKHOUSE_PASSWORD_FILE: .*none cannot be read/,
    /--consumer-port: "http"/,
    /MILLRACE_CLICKHOUSE_CLUSTER is c, and MILLRACE_CLICKHOUSE_URL is empty/,
    /MILLRACE_BOUNCES 0\.9 and MILLRACE_INVALID 0\.9/,
  ]) {
    assert.match(texts, says)
  }
  assert.equal(findings.length, 6)
  assert.ok(findings.every(({ name, state }) => name === 'settings' && state === 'fail'))

  const good = readSettings({ MILLRACE_MODE: 'peak' }, {})
  assert.deepEqual(
    good.findings.map(({ state }) => state),
    ['ok'],
  )
})

test('a check that does not end, and one that throws, are findings', async (t) => {
  const hangs: Check = { name: 'hangs', withinMs: 20, run: () => new Promise(() => {}) }
  const throws: Check = {
    name: 'throws',
    run: () => {
      throw new Error('so it is')
    },
  }
  const nothing: Check = { name: 'nothing', run: () => null }
  const findings = await runChecks([hangs, throws, nothing], await surroundings(t))
  assert.deepEqual(findings, [
    { name: 'hangs', state: 'fail', detail: 'no answer within 20ms' },
    { name: 'throws', state: 'fail', detail: 'so it is' },
  ])
})

test('each finding is one line, and the last line says what they amount to', () => {
  const plain = (_: string, text: string): string => text
  const ok = { name: 'Node', state: 'ok', detail: '24' } as const
  const warn = { name: 'disk', state: 'warn', detail: 'small', mend: 'Make room.' } as const
  const fail = { name: 'port', state: 'fail', detail: 'taken', mend: 'Take another.' } as const
  assert.equal(describeFindings([ok], plain), 'ok  Node  24\n\nAll is well.\n')
  assert.equal(
    describeFindings([ok, warn], plain),
    'ok    Node  24\nwarn  disk  small. Make room.\n\nMillrace can work, and 1 thing is worth a look.\n',
  )
  const evil = { ...fail, detail: 'a\x1b[2J\nb' }
  assert.match(
    describeFindings([evil], plain),
    /^fail {2}port {2}a\\u001b\[2J\\nb\. Take another\.\n\n1 thing/,
  )
  assert.match(describeFindings([fail, warn, warn], plain), /^fail {2}port {2}taken\. Take another\.$/m)
  assert.match(
    describeFindings([fail, warn, warn], plain),
    /1 thing would prevent Millrace from working, and 2 things are worth a look\./,
  )
})

const PORTS = [producerPortCheck, consumerPortCheck, clickhousePortCheck]

async function surroundings(t: TestContext, settings: Partial<Config> = {}): Promise<Surroundings> {
  const around = surroundingsOf(configWith({ dataDir: await temporaryDirectory(t), ...settings }))
  t.after(() => around[Symbol.asyncDispose]())
  return around
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}

/** The outcome for a user whom modes bind: root may write everywhere, so it asks as nobody. */
async function asUnprivileged(path: string): Promise<Outcome> {
  if (process.getuid!() !== 0) return dataDirectoryOutcome(path)
  const file = resolve(import.meta.dirname, '../../src/cli/doctor/checks/data-directory.ts')
  const code = `import { dataDirectoryOutcome } from ${JSON.stringify(file)}
    process.setgid(65534)
    process.setuid(65534)
    process.stdout.write(JSON.stringify(dataDirectoryOutcome(${JSON.stringify(path)})))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])
  return JSON.parse(stdout)
}
