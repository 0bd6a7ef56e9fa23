import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestClickHouse } from '../helpers/clickhouse.ts'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'
import { ROOT } from './compose-files.ts'

/** What the image leaves out of node_modules, besides what only developers need. */
const LEFT_OUT = ['node_modules/node', 'node_modules/@chdb']

/** The tree that the Dockerfile makes, without an engine: what it copies, and the packages that it keeps. */
function copyImage(directory: string): void {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  for (const path of LEFT_OUT) assert.ok(dockerfile.includes(path), path)
  for (const path of ['package.json', 'bin', 'src', 'docker/healthcheck.js']) {
    cpSync(join(ROOT, path), join(directory, path), { recursive: true })
  }
  for (const [path, { dev }] of Object.entries(packages)) {
    const left = path === '' || dev || LEFT_OUT.some((each) => path === each || path.startsWith(`${each}/`))
    if (left || path.split('node_modules/').length > 2 || !existsSync(join(ROOT, path))) continue
    cpSync(join(ROOT, path), join(directory, path), { recursive: true })
  }
}

test('what the image holds is enough: the consumer runs in it, and the health check tells how it is', async (t) => {
  const directory = await temporaryDirectory(t)
  const data = await temporaryDirectory(t)
  copyImage(directory)
  const { url, user, password, database } = await startTestClickHouse(t)
  const [consumerPort, nobodysPort] = await freePorts(2)
  const environment = {
    PATH: process.env.PATH!,
    MILLRACE_DATA_DIR: data,
    MILLRACE_CLICKHOUSE_URL: url,
    MILLRACE_CLICKHOUSE_USER: user,
    MILLRACE_CLICKHOUSE_PASSWORD: password,
    MILLRACE_CLICKHOUSE_DATABASE: database,
    MILLRACE_CONSUMER_PORT: String(consumerPort),
    MILLRACE_PRODUCER_PORT: String(nobodysPort),
    NODE_ENV: 'production',
    NODE_COMPILE_CACHE: join(data, '.cache'),
  }
  const options = { cwd: directory, env: environment }
  const healthCheck = (): number | null =>
    spawnSync(process.execPath, ['docker/healthcheck.js'], options).status
  assert.equal(healthCheck(), 1, 'nothing runs yet')

  const consumer = spawn(process.execPath, ['bin/millrace.js', 'consumer', '-init-schema'], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  consumer.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<number | null>((end) => consumer.once('close', end))
  t.after(() => consumer.kill('SIGKILL'))
  await eventually('the health check to pass', () => {
    assert.equal(consumer.exitCode, null, said)
    return healthCheck() === 0
  })
  consumer.kill('SIGTERM')
  assert.equal(await ended, 0, said)
})
