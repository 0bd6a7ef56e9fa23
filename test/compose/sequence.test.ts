import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { canRunKafka } from '../helpers/kafka.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { COMPOSE_FILES, startComposeBroker } from './broker.ts'
import { startComposeClickHouse } from './clickhouse-server.ts'
import { canReadComposeFiles, ROOT } from './compose-files.ts'

const PAGE = readFileSync(join(ROOT, 'docs/compose.md'), 'utf8')

test('docs/compose.md has the sequence and the checks as people type them', () => {
  for (const line of [
    'docker-compose up -d zookeeper kafka clickhouse kafka-ui kafka-init',
    'docker-compose ps',
    'docker exec kafka kafka-topics --bootstrap-server localhost:9092 --list',
    'docker exec clickhouse clickhouse-client --query "SELECT 1"',
    'docker exec -it clickhouse clickhouse-client',
    'SELECT count() FROM page_views_raw;',
    'SELECT count() FROM processing_errors;',
    'curl http://localhost:8080/status',
    'curl http://localhost:8081/status',
    'curl http://localhost:8080/metrics',
    'curl http://localhost:8081/metrics',
  ]) {
    assert.ok(PAGE.split('\n').includes(line), line)
  }
})

/** The settings of the page's `export` lines, with the ports that there are instead of its own. */
function exported(kafkaPort: number, clickHouseUrl: string): Record<string, string> {
  const settings = Array.from(PAGE.matchAll(/\b(MILLRACE_\w+)=(\S+)/g), ([, name, value]) => [name!, value!])
  const found = Object.fromEntries(settings) as Record<string, string>
  assert.equal(found.MILLRACE_KAFKA_BROKERS, 'localhost:9092')
  assert.equal(found.MILLRACE_CLICKHOUSE_URL, 'http://localhost:8123')
  return {
    ...found,
    MILLRACE_KAFKA_BROKERS: `localhost:${kafkaPort}`,
    MILLRACE_CLICKHOUSE_URL: clickHouseUrl,
  }
}

for (const file of canReadComposeFiles() && canRunKafka() ? COMPOSE_FILES : []) {
  test(`the sequence over ${file[0]}, its brokers and ClickHouse as processes: events arrive`, async (t) => {
    const { cluster, outside, init } = await startComposeBroker(t, file)
    await cluster.tool('org.apache.kafka.tools.TopicCommand', init)
    const url = await startComposeClickHouse(t, 'millrace')
    const system = await System.create(t, { ...exported(outside, url), MILLRACE_SPEED: '100' })
    const consumer = system.start('consumer', '-init-schema')
    const producer = system.start('producer')
    await system.ready(consumer)

    for (const table of ['page_views_raw', 'processing_errors']) {
      // As clickhouse-client does in the container: neither user nor database.
      const query = encodeURIComponent(`SELECT count() FROM ${table}`)
      await eventually(`rows in ${table}`, async () => {
        const answer = await (await fetch(`${url}/?query=${query}`)).text()
        return Number(answer) > 0
      })
    }
    for (const base of [system.producerUrl, system.consumerUrl]) {
      assert.match(await (await fetch(`${base}/metrics`)).text(), /^millrace_service_healthy\{.*\} 1$/m)
    }
    assert.equal((await producer.interrupt()).status, 0, producer.stderr)
    assert.equal((await consumer.interrupt()).status, 0, consumer.stderr)
  })
}
