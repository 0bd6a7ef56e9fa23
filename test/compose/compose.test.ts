import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { test } from 'node:test'
import { SETTINGS } from '../../src/config/config.ts'
import { canReadComposeFiles, mountsOf, portsOf, ROOT, servicesOf } from './compose-files.ts'

const BASES = ['docker-compose.yml', 'docker-compose.kraft.yml'] as const
const SERVICES = 'docker-compose.services.yml'

const PORTS = {
  zookeeper: ['127.0.0.1:2181:2181'],
  kafka: ['127.0.0.1:9092:9092'],
  'kafka-init': [],
  'kafka-ui': ['127.0.0.1:8090:8080'],
  clickhouse: ['127.0.0.1:8123:8123', '127.0.0.1:9000:9000'],
  // On this machine's own network: see the test below.
  prometheus: [],
  grafana: [],
}

for (const base of canReadComposeFiles() ? BASES : []) {
  const kraft = base === 'docker-compose.kraft.yml'
  const { zookeeper, ...others } = PORTS
  const expected = kraft ? others : { zookeeper, ...others }

  test(`${base}: services, containers and ports are those that the documentation promises`, () => {
    const found = servicesOf(base)
    const ports = Object.fromEntries(
      Object.entries(found).map(([name, service]) => [name, portsOf(service).sort()]),
    )
    assert.deepEqual(ports, expected)
    for (const [name, service] of Object.entries(found)) assert.equal(service.container_name, name)
  })

  test(`${base}: images are pinned to a version, services that stay have a health check`, () => {
    for (const [name, { image, healthcheck, restart }] of Object.entries(servicesOf(base))) {
      assert.match(image!, /^[a-z]+\/[a-z-]+:v?\d+\.\d+\.\d+(\.\d+)?$/, name)
      if (name === 'kafka-init') assert.equal(restart, 'no')
      else assert.ok(healthcheck?.test, `${name} has a health check`)
    }
  })

  test(`${base}: Prometheus and Grafana come when asked for, and listen on the loopback address`, () => {
    const found = servicesOf(base)
    const monitoring = Object.keys(found).filter((name) => found[name]!.profiles?.includes('monitoring'))
    assert.deepEqual(monitoring.toSorted(), ['grafana', 'prometheus'])
    for (const name of monitoring) assert.equal(found[name]!.network_mode, 'host')
    assert.ok(found.prometheus!.command!.includes('--web.listen-address=127.0.0.1:9090'))
    assert.equal(found.grafana!.environment!.GF_SERVER_HTTP_ADDR, '127.0.0.1')
  })

  test(`${base}: what must outlive a container is in a volume, and mounted files exist`, () => {
    const found = servicesOf(base)
    assert.ok(mountsOf(found.kafka!).some(({ target }) => target === '/var/lib/kafka/data'))
    const clickhouse = mountsOf(found.clickhouse!)
    assert.ok(clickhouse.some(({ target }) => target === '/var/lib/clickhouse'))
    const files = Object.values(found)
      .flatMap(mountsOf)
      .map(({ source }) => source)
    for (const file of files.filter(isAbsolute)) assert.ok(existsSync(file), file)
  })

  test(`${base}: the topic is what Millrace expects by default`, () => {
    const { command } = servicesOf(base)['kafka-init']!
    assert.ok(command!.includes(`--topic=${SETTINGS.kafkaTopic.default}`))
    assert.ok(command!.includes(`--partitions=${SETTINGS.logPartitions.default}`))
  })

  test(`${base}: producer and consumer over it find their way`, () => {
    const found = servicesOf(base, SERVICES)
    assert.deepEqual(portsOf(found.producer!), ['127.0.0.1:8080:8080'])
    assert.deepEqual(portsOf(found.consumer!), ['127.0.0.1:8081:8081'])
    const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env))
    for (const name of ['producer', 'consumer']) {
      const { environment, volumes, read_only } = found[name]!
      for (const variable of Object.keys(environment!)) assert.ok(known.has(variable), `${name}: ${variable}`)
      const kafka = String(environment!.MILLRACE_KAFKA_BROKERS)
      assert.match(String(found.kafka!.environment!.KAFKA_ADVERTISED_LISTENERS), new RegExp(`//${kafka},`))
      assert.equal(
        environment!.MILLRACE_CLICKHOUSE_PASSWORD,
        found.clickhouse!.environment!.MILLRACE_CLICKHOUSE_PASSWORD,
      )
      assert.ok(read_only && mountsOf({ ...found[name]!, volumes: volumes! })[0]!.target === '/data')
    }
  })
}

test('the image is built of what exists, on a pinned Node, not as root', () => {
  const lines = readFileSync(resolve(ROOT, 'Dockerfile'), 'utf8').split('\n')
  const allowed = readFileSync(resolve(ROOT, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)
  const context = new Set(Array.from(allowed, ([, path]) => path!))
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1))
  assert.deepEqual(copied.toSorted(), [...context].toSorted())
  for (const path of copied) assert.ok(existsSync(resolve(ROOT, path)), path)
  for (const line of lines.filter((each) => each.startsWith('FROM '))) {
    assert.match(line, /^FROM node:24\.\d+\.\d+-\w+-slim( AS dependencies)?$/)
  }
  assert.ok(lines.includes('USER node'))
})
