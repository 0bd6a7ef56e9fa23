import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { canRunKafka, whenReady } from '../helpers/kafka.ts'
import { KafkaCluster } from '../helpers/kafka-cluster.ts'
import { freePorts } from '../helpers/ports.ts'
import { canReadComposeFiles, type Service, servicesOf } from './compose-files.ts'

/** Where the harness has its own: of the container, not of the broker's settings. */
const OF_THE_CONTAINER = ['zookeeper.connect', 'broker.id', 'node.id']

/**
 * The server.properties that the image makes of a service's environment, by its documented rule: without KAFKA_, in small
 * letters, dots for underscores. The container is this machine, and its ports are others.
 */
function propertiesOf(
  { environment }: Service,
  ports: Readonly<Record<string, number>>,
): Record<string, string> {
  const properties = Object.entries(environment!)
    .filter(([name]) => name.startsWith('KAFKA_'))
    .map(([name, value]): [string, string] => [
      name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'),
      String(value)
        .replaceAll('kafka:', '127.0.0.1:')
        .replaceAll(/(?<=:)\d{4,5}\b/g, (port) => String(ports[port])),
    ])
  return Object.fromEntries(properties.filter(([name]) => !OF_THE_CONTAINER.includes(name)))
}

/** What a client at this address is told to connect to. */
async function advertisedAt(address: string): Promise<string[]> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address], retries: 3 })
  try {
    const { brokers } = await admin.metadata({})
    return [...brokers.values()].map(({ host, port }) => `${host}:${port}`)
  } finally {
    await admin.close()
  }
}

const FILES = [
  ['docker-compose.yml', '3'],
  ['docker-compose.kraft.yml', '4'],
] as const

for (const [file, version] of canReadComposeFiles() && canRunKafka() ? FILES : []) {
  test(`the broker of ${file}: containers and this machine are each led back the way they came`, async (t) => {
    const { kafka, 'kafka-init': init } = servicesOf(file)
    const [inside = 0, outside = 0, controller = 0] = await freePorts(3)
    const directory = await mkdtemp(join(tmpdir(), 'millrace-compose-'))
    t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
    const cluster = await KafkaCluster.start({
      version,
      brokers: 1,
      directory,
      port: outside,
      properties: propertiesOf(kafka!, { 29092: inside, 9092: outside, 29093: controller }),
    })
    t.after(() => cluster[Symbol.asyncDispose]())
    await whenReady(cluster.bootstrap, 1)

    assert.deepEqual(await advertisedAt(`127.0.0.1:${inside}`), [`127.0.0.1:${inside}`])
    assert.deepEqual(await advertisedAt(`localhost:${outside}`), [`localhost:${outside}`])

    const [tool, ...args] = init!.command!
    assert.equal(tool, 'kafka-topics')
    const topicCommand = 'org.apache.kafka.tools.TopicCommand'
    const create = args.map((arg) => arg.replace('kafka:29092', `127.0.0.1:${inside}`))
    await cluster.tool(topicCommand, create)
    await cluster.tool(topicCommand, create)
    const list = ['--bootstrap-server', `localhost:${outside}`, '--describe']
    assert.match(await cluster.tool(topicCommand, list), /Topic: page-views\s.*PartitionCount: 6\s/)
  })
}
