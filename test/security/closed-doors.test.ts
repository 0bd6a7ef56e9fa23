import assert from 'node:assert/strict'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takesConnection } from '../../src/cli/doctor/reach.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const TOKEN = 'token-that-nobody-may-see'
const PASSWORD = 'password-that-nobody-may-see'

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.map((entry) => join(entry.parentPath, entry.name))
}

/** Of another address of this machine, which is as good as another machine to a server on a loopback address. */
function otherAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}

test('a system with secrets: who sees them, who gets in, and whose the files are', async (t) => {
  const base = await System.create(t)
  // A data directory that Millrace makes itself.
  const dataDir = join(base.dataDir, 'data')
  const system = Object.assign(base, {
    environment: {
      ...base.environment,
      MILLRACE_DATA_DIR: dataDir,
      MILLRACE_API_TOKEN: TOKEN,
      MILLRACE_CLICKHOUSE_PASSWORD: PASSWORD,
      MILLRACE_LOG_LEVEL: 'trace',
      MILLRACE_GENERATE: 'off',
    },
  })
  const program = system.start('start')
  const authorization = `Bearer ${TOKEN}`
  const get = (url: string, headers: Record<string, string> = { authorization }) => fetch(url, { headers })
  await eventually('both to answer', async () => {
    assert.ok(program.running, program.stderr)
    const [producer, consumer] = await Promise.all([
      get(`${system.producerUrl}/status`),
      get(`${system.consumerUrl}/status`),
    ])
    return producer.ok && consumer.ok
  })

  await t.test('secrets are in no answer and no log', async () => {
    const answers: string[] = []
    for (const url of [system.producerUrl, system.consumerUrl]) {
      for (const path of [
        '/status',
        '/health',
        '/metrics',
        '/openapi.json',
        '/nothing',
        '/query/aggregates?hours=x',
      ]) {
        answers.push(await (await get(url + path)).text())
        answers.push(await (await get(url + path, { authorization: `Bearer ${TOKEN}x` })).text())
      }
    }
    const config = await system.run('config', '--json')
    const shown = [...answers, config.stdout, config.stderr, program.stdout, program.stderr].join('\n')
    assert.ok(shown.length > 5_000)
    for (const secret of [TOKEN, PASSWORD]) assert.ok(!shown.includes(secret), 'a secret is shown')
    const kept = await filesBelow(dataDir)
    for (const file of kept.filter((path) => /\.(log|json|txt)$/.test(path))) {
      const text = await readFile(file, 'latin1')
      for (const secret of [TOKEN, PASSWORD]) assert.ok(!text.includes(secret), file)
    }
  })

  await t.test('everything in the data directory is its owner’s alone', async () => {
    const open: string[] = []
    for (const path of [dataDir, ...(await filesBelow(dataDir))]) {
      const stat = await lstat(path).catch(() => undefined)
      if (stat === undefined || stat.isSymbolicLink()) continue
      if (stat.mode & 0o077) open.push(`${(stat.mode & 0o777).toString(8)} ${path}`)
    }
    assert.deepEqual(open, [])
  })

  const sql = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${system.clickhouseUrl}/?query=${encodeURIComponent(query)}`, { method: 'POST', headers })
  const as = (user: string, password: string) => ({ 'x-clickhouse-user': user, 'x-clickhouse-key': password })

  await t.test('the local ClickHouse takes nothing without the password', async () => {
    assert.equal((await sql('SELECT 1', as('millrace', PASSWORD))).status, 200)
    for (const [user, password] of [
      ['millrace', ''],
      ['millrace', 'guess'],
      ['default', ''],
      ['nobody', ''],
    ] as const) {
      assert.ok((await sql('SELECT 1', as(user, password))).status >= 400, user)
    }
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    for (const text of ['default:', 'millrace:', `millrace:${PASSWORD}x`, ':']) {
      assert.ok((await sql('SELECT 1', basic(text))).status >= 400, text)
    }
  })

  await t.test('without credentials one may read the tables of the product, and no more', async () => {
    assert.equal((await sql('SELECT count() FROM page_views_raw')).status, 200)
    for (const query of [
      'INSERT INTO page_views_raw (page_id) VALUES (1)',
      'DROP TABLE page_views_raw',
      'CREATE TABLE t (x UInt8) ENGINE = Memory',
      'TRUNCATE TABLE processing_errors',
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
      "SELECT * FROM executable('id', 'TSV', 'x String')",
      "SELECT * FROM remote('127.0.0.1', system.users)",
      'SELECT * FROM system.users',
      'SELECT * FROM system.processes',
      'SELECT * FROM system.query_log',
      'SYSTEM SHUTDOWN',
      "CREATE USER x IDENTIFIED BY ''",
      'SET readonly = 0',
      "SELECT 1 INTO OUTFILE '/tmp/x'",
    ]) {
      const { status } = await sql(query)
      assert.ok(status >= 400, `${query}: ${status}`)
    }
  })

  await t.test('other machines reach none of it', { skip: otherAddress() === undefined }, async () => {
    for (const url of [system.producerUrl, system.consumerUrl, system.clickhouseUrl]) {
      const port = Number(new URL(url).port)
      assert.ok(await takesConnection('127.0.0.1', port), url)
      assert.ok(!(await takesConnection(otherAddress()!, port)), url)
    }
  })
})
