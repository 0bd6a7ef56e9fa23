import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { whenReady } from '../helpers/kafka.ts'
import { quickStart } from '../helpers/kafka-archive.ts'
import { KafkaCluster } from '../helpers/kafka-cluster.ts'
import { freePorts } from '../helpers/ports.ts'
import { type Service, servicesOf } from './compose-files.ts'

/** The compose files, with the version of Kafka in each. */
export const COMPOSE_FILES = [
  ['docker-compose.yml', '3'],
  ['docker-compose.kraft.yml', '4'],
] as const

export interface ComposeBroker {
  readonly cluster: KafkaCluster
  /** The port for containers, and the one for programs on this machine. */
  readonly inside: number
  readonly outside: number
  /** The arguments of kafka-topics in the service kafka-init, for the port that there is. */
  readonly init: readonly string[]
}

/** The broker of a compose file as a process: the settings of the file, on free ports. */
export async function startComposeBroker(
  t: TestContext,
  [file, version]: (typeof COMPOSE_FILES)[number],
): Promise<ComposeBroker> {
  const { kafka, 'kafka-init': kafkaInit } = servicesOf(file)
  const [inside = 0, outside = 0, controller = 0] = await freePorts(3)
  const directory = await mkdtemp(join(tmpdir(), 'millrace-compose-'))
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  const cluster = await KafkaCluster.start({
    version,
    brokers: 1,
    directory,
    javaFlags: await quickStart(version),
    port: outside,
    properties: propertiesOf(kafka!, { 29092: inside, 9092: outside, 29093: controller }),
  })
  t.after(() => cluster[Symbol.asyncDispose]())
  await whenReady(cluster.bootstrap, 1)
  const [, ...args] = kafkaInit!.command!
  const init = args.map((arg) => arg.replace('kafka:29092', `127.0.0.1:${inside}`))
  return { cluster, inside, outside, init }
}

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
