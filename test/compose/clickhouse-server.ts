import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { freePorts } from '../helpers/ports.ts'
import { eventually } from '../helpers/wait.ts'
import { ROOT } from './compose-files.ts'

/** What of the image's own users.xml matters here. */
const USERS = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
</clickhouse>`

/** A server with the files of docker/clickhouse where the compose file mounts them; where it answers. */
export async function startComposeClickHouse(t: TestContext, password: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-compose-'))
  const [port] = await freePorts(1)
  const config = join(directory, 'config.xml')
  const users = join(directory, 'users.xml')
  const main = `<clickhouse><listen_host>127.0.0.1</listen_host><users_config>${users}</users_config></clickhouse>`
  await Promise.all([mkdir(join(directory, 'config.d')), mkdir(join(directory, 'users.d'))])
  await Promise.all([
    writeFile(config, main),
    writeFile(users, USERS),
    copyFile(join(ROOT, 'docker/clickhouse/config.xml'), join(directory, 'config.d/millrace.xml')),
    copyFile(join(ROOT, 'docker/clickhouse/users.xml'), join(directory, 'users.d/millrace.xml')),
  ])
  const listen = `SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', LineAsString, 'line String') FORMAT Null`
  const server = spawn(
    process.execPath,
    [
      resolve(ROOT, 'src/clickhouse/server-process.ts'),
      `--config-file=${config}`,
      `--path=${join(directory, 'store')}`,
      '--log-level=warning',
      `--http_port=${port}`,
      `--query=${listen}`,
    ],
    {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { TZ: 'UTC', MILLRACE_CLICKHOUSE_PASSWORD: password },
    },
  )
  let said = ''
  server.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise((end) => server.once('close', end))
  t.after(async () => {
    server.stdin.end()
    await ended
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })
  const url = `http://127.0.0.1:${port}`
  await eventually('the server to answer', async () => {
    if (server.exitCode !== null) return true
    return (await fetch(`${url}/ping`)).ok
  })
  assert.equal(server.exitCode, null, `the server ended: ${said}`)
  return url
}
