import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { SETTINGS } from '../../src/config/config.ts'

const ROOT = resolve(import.meta.dirname, '../..')

interface Service {
  readonly image?: string
  readonly container_name: string
  readonly ports?: readonly (string | { published: string | number; target: number; host_ip?: string })[]
  readonly environment?: Readonly<Record<string, string | null>>
  readonly healthcheck?: unknown
  readonly volumes?: readonly (string | { source: string; type: string })[]
}

/** Compose reads the files and says what it understood; no engine is needed for that. */
function services(...files: string[]): Readonly<Record<string, Service>> {
  const args = [...files.flatMap((file) => ['-f', file]), 'config']
  const yaml = execFileSync('docker-compose', args, { cwd: ROOT, encoding: 'utf8' })
  const json = execFileSync(
    'python3',
    ['-c', 'import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'],
    {
      input: yaml,
      encoding: 'utf8',
    },
  )
  return JSON.parse(json).services
}

function missing(): string | undefined {
  try {
    execFileSync('docker-compose', ['version'], { stdio: 'ignore' })
    execFileSync('python3', ['-c', 'import yaml'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'docker-compose (and python3-yaml) are not installed, so the compose files are not checked'
  }
}

const reason = missing()
if (reason && process.env.CI !== 'true') process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)
const skip = reason && process.env.CI !== 'true' ? reason : false

test('the compose file has the services, names and ports that the documentation promises', { skip }, () => {
  const found = services('docker-compose.yml')
  assert.deepEqual(Object.keys(found).sort(), ['clickhouse', 'kafka', 'kafka-init', 'kafka-ui', 'zookeeper'])
  const ports = Object.entries(found).flatMap(([name, { ports: some = [] }]) =>
    some.map((port) => [name, portOf(port)]),
  )
  assert.deepEqual(ports.sort(), [
    ['clickhouse', '127.0.0.1:8123:8123'],
    ['clickhouse', '127.0.0.1:9000:9000'],
    ['kafka', '127.0.0.1:9092:9092'],
    ['kafka-ui', '127.0.0.1:8090:8080'],
    ['zookeeper', '127.0.0.1:2181:2181'],
  ])
  for (const [name, service] of Object.entries(found)) {
    assert.equal(service.container_name, name)
    assert.match(service.image!, /:v?\d+\.\d+/, `${name} is pinned`)
    if (name !== 'kafka-init') assert.ok(service.healthcheck, `${name} has a health check`)
  }
})

test('producer and consumer in containers get settings that exist, and files that exist', { skip }, () => {
  const found = services('docker-compose.yml', 'docker-compose.services.yml')
  for (const name of ['producer', 'consumer']) {
    for (const variable of Object.keys(found[name]!.environment!)) {
      assert.ok(
        Object.values(SETTINGS).some(({ env }) => env === variable),
        `${name}: ${variable}`,
      )
    }
  }
  for (const file of ['Dockerfile', 'docker/clickhouse/users.xml']) assert.ok(existsSync(resolve(ROOT, file)))
})

function portOf(port: NonNullable<Service['ports']>[number]): string {
  return typeof port === 'string'
    ? port.replace(/\/tcp$/, '')
    : `${port.host_ip}:${port.published}:${port.target}`
}
