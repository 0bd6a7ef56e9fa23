import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'
import { ask, askAsProgram, open, openInProcess, serverPids } from './helpers.ts'

test('the program writes; people without a password only read, and nothing but the tables', async (t) => {
  const local = await open(t)
  const { url, database } = local.endpoint()
  const created = await askAsProgram(local.endpoint(), `CREATE DATABASE IF NOT EXISTS ${database}`)
  assert.equal(created.status, 200, created.text)
  const program = (query: string) =>
    ask(`${url}/?database=${database}`, query, `millrace:${local.endpoint().password}`)
  assert.equal((await program('CREATE TABLE numbers_of (n UInt8) ENGINE = MergeTree ORDER BY n')).status, 200)
  assert.equal((await program('INSERT INTO numbers_of VALUES (7)')).status, 200)

  assert.deepEqual(await ask(url, 'SELECT n FROM numbers_of'), { status: 200, text: '7' })
  for (const forbidden of [
    'INSERT INTO numbers_of VALUES (8)',
    'DROP TABLE numbers_of',
    'CREATE TABLE more (n UInt8) ENGINE = Memory',
    `SELECT * FROM file('/etc/passwd', 'LineAsString')`,
    `SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')`,
    'SYSTEM SHUTDOWN',
    'SYSTEM START LISTEN TCP',
  ]) {
    const { status } = await ask(url, forbidden)
    assert.notEqual(status, 200, forbidden)
  }
  for (const credentials of ['millrace:wrong', 'default:', 'reader:guess']) {
    const { status, text } = await ask(url, 'DROP TABLE numbers_of', credentials)
    assert.notEqual(status, 200, `${credentials}: ${text}`)
  }
})

test('the reader may say who he is, or nothing', async (t) => {
  const local = await open(t)
  const { url } = local.endpoint()
  const asReader: Record<string, string>[] = [
    { 'x-clickhouse-user': 'reader' },
    { 'x-clickhouse-user': 'reader', 'x-clickhouse-key': '' },
    {},
  ]
  for (const headers of asReader) {
    const response = await fetch(url, { method: 'POST', body: 'SELECT currentUser()', headers })
    assert.equal((await response.text()).trim(), 'reader', JSON.stringify(headers))
    const refused = await fetch(url, { method: 'POST', body: 'CREATE DATABASE more', headers })
    assert.notEqual(refused.status, 200, JSON.stringify(headers))
  }
})

test('no form of credentials makes a request the user without a password', async (t) => {
  const local = await open(t)
  const { url } = local.endpoint()
  const basic = (text: string): string => `Basic ${btoa(text)}`
  const headers: Record<string, string>[] = [
    { authorization: 'Bearer anything' },
    { authorization: 'Basic' },
    { authorization: 'Basic !' },
    { authorization: basic('default:') },
    { authorization: basic('default') },
    // Next to this header ClickHouse would take the user of the address, so it is refused although the reader has no password.
    { authorization: basic('reader:') },
    { authorization: `basic  ${btoa('default:')}` },
    { authorization: basic(':') },
    { 'x-clickhouse-user': 'default' },
    { 'x-clickhouse-user': 'DEFAULT' },
    { 'x-clickhouse-key': 'x' },
    {},
  ]
  for (const some of headers) {
    for (const query of ['', '/?user=default', '/?user=default&password=']) {
      const response = await fetch(`${url}${query}`, {
        method: 'POST',
        body: 'SELECT currentUser()',
        headers: some,
      })
      const answer = `${response.status} ${(await response.text()).trim()}`
      assert.ok(
        !answer.startsWith('200') || answer === '200 reader',
        `${JSON.stringify(some)} ${query}: ${answer}`,
      )
    }
  }
})

test('what is secret is for its owner only', async (t) => {
  const { dataDir } = await open(t)
  const modeOf = async (path: string): Promise<string> =>
    ((await stat(join(dataDir, path))).mode & 0o777).toString(8)
  assert.equal(await modeOf('clickhouse'), '700')
  const password = await readFile(join(dataDir, 'clickhouse', 'password'), 'utf8').catch(() => '')
  assert.ok(password.length >= 20, 'a password of its own')
  assert.equal(await modeOf('clickhouse/password'), '600')
})

test('a server that dies is started again, with its data', async (t) => {
  const local = await open(t)
  const run = (query: string) => askAsProgram(local.endpoint(), query)
  await run('CREATE DATABASE IF NOT EXISTS millrace')
  await run('CREATE TABLE millrace.kept (n UInt8) ENGINE = MergeTree ORDER BY n')
  await run('INSERT INTO millrace.kept VALUES (42)')
  const [before] = await serverPids(local.dataDir)
  process.kill(before!, 'SIGKILL')
  await eventually('another server with the row', async () => {
    const { text } = await run('SELECT n FROM millrace.kept')
    return text === '42' && !(await serverPids(local.dataDir)).includes(before!)
  })
})

test('a second process finds the server, and runs one itself when the first has ended', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const first = openInProcess(t, dataDir)
  assert.equal((await first.opened).owner, true)
  const second = await open(t, { dataDir })
  assert.equal(second.owner, false)
  assert.equal((await serverPids(dataDir)).length, 1)
  first.child.stdin!.end()
  assert.equal(await first.ended, 0)
  await eventually('the second to run the server', async () => {
    return second.owner && (await askAsProgram(second.endpoint(), 'SELECT 1')).text === '1'
  })
})

test('a server ends with its parent, also when that one is killed', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const parent = openInProcess(t, dataDir)
  await parent.opened
  assert.equal((await serverPids(dataDir)).length, 1)
  parent.child.kill('SIGKILL')
  await parent.ended
  await eventually('the server to end', async () => (await serverPids(dataDir)).length === 0)
})

test('closing ends the server and leaves no process', async (t) => {
  const local = await open(t)
  await local.close()
  assert.deepEqual(await serverPids(local.dataDir), [])
})

test('a port that is taken: another one, and it is said', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const other = openInProcess(t, await temporaryDirectory(t), { httpPort: port })
  const { endpoint } = await other.opened
  assert.notEqual(new URL(endpoint.url).port, String(port))
  assert.match(other.log(), new RegExp(`Port ${port} \\(MILLRACE_CLICKHOUSE_PORT\\) is taken`))
})

test('names that the server keeps for itself are refused', async (t) => {
  for (const user of ['default', 'reader', 'a b', '']) {
    await assert.rejects(open(t, { user }), { code: 'invalid_setting', message: /MILLRACE_CLICKHOUSE_USER/ })
  }
})
