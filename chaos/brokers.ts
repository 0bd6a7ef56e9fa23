import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FaultProxy } from '../test/helpers/fault-proxy.ts'
import { whenReady } from '../test/helpers/kafka.ts'
import { quickStart } from '../test/helpers/kafka-archive.ts'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { freePorts } from '../test/helpers/ports.ts'

/** How long a member of the group may be silent before its partitions go to others. */
export const SESSION_MS = 6_000

const SESSION = {
  'group.consumer.session.timeout.ms': String(SESSION_MS),
  'group.consumer.min.session.timeout.ms': String(SESSION_MS),
  'group.consumer.heartbeat.interval.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '1000',
}

/** Real brokers, and the ways to them. */
export interface Brokers extends AsyncDisposable {
  readonly cluster: KafkaCluster
  readonly ids: readonly number[]
  /** What stands between the producer, or the consumers, and the broker; undefined where they reach it themselves. */
  readonly producerProxy: FaultProxy | undefined
  readonly consumerProxy: FaultProxy | undefined
  readonly producerBootstrap: string
  readonly consumerBootstrap: string
}

/** Three brokers, of which two must have what is acknowledged. */
export async function threeBrokers(): Promise<Brokers> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-chaos-kafka-'))
  const cluster = await KafkaCluster.start({
    version: '4',
    brokers: 3,
    directory,
    javaFlags: await quickStart('4'),
    properties: { ...SESSION, 'min.insync.replicas': '2' },
  })
  await whenReady(cluster.bootstrap, 3)
  return {
    cluster,
    ids: [1, 2, 3],
    producerProxy: undefined,
    consumerProxy: undefined,
    producerBootstrap: cluster.bootstrap,
    consumerBootstrap: cluster.bootstrap,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]()
      await remove(directory)
    },
  }
}

/**
 * One broker with a listener for the producer and one for the consumers, each reached through a proxy: a client goes where the
 * listener says that it is, so the proxies' addresses are what the broker advertises.
 */
export async function oneBroker(): Promise<Brokers> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-chaos-kafka-'))
  const [controller, plain, forProducer, forConsumers] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ]
  const producerProxy = await FaultProxy.open(() => forProducer)
  const consumerProxy = await FaultProxy.open(() => forConsumers)
  const at = (port: number): string => `127.0.0.1:${port}`
  const cluster = await KafkaCluster.start({
    version: '4',
    brokers: 1,
    directory,
    javaFlags: await quickStart('4'),
    port: plain,
    properties: {
      ...SESSION,
      'controller.quorum.voters': `1@${at(controller)}`,
      listeners: `PLAINTEXT://${at(plain)},PRODUCER://${at(forProducer)},CONSUMER://${at(forConsumers)},CONTROLLER://${at(controller)}`,
      'advertised.listeners': `PLAINTEXT://${at(plain)},PRODUCER://${at(producerProxy.port)},CONSUMER://${at(consumerProxy.port)}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.security.protocol.map':
        'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PRODUCER:PLAINTEXT,CONSUMER:PLAINTEXT',
    },
  })
  await whenReady(at(plain), 1)
  return {
    cluster,
    ids: [1],
    producerProxy,
    consumerProxy,
    producerBootstrap: at(producerProxy.port),
    consumerBootstrap: at(consumerProxy.port),
    async [Symbol.asyncDispose]() {
      await producerProxy[Symbol.asyncDispose]()
      await consumerProxy[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
      await remove(directory)
    },
  }
}

async function remove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
