import { join } from 'node:path'
import { whenReady } from '../test/helpers/kafka.ts'
import { quickStart } from '../test/helpers/kafka-archive.ts'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { freePorts } from '../test/helpers/ports.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Shape } from './shape.ts'
import { Wire } from './wire.ts'

/** Who talks to brokers through proxies: each has a listener of its own, so that one can be cut off alone. */
const CLIENTS = ['producer', 'consumers'] as const

type Client = (typeof CLIENTS)[number]

interface Door {
  readonly client: Client
  readonly broker: number
  /** Where the broker listens. */
  readonly port: number
  readonly wire: Wire
}

/** Real brokers; the producer and the consumers reach each of them through a proxy, an audit directly. */
export class Brokers implements AsyncDisposable {
  readonly #cluster: KafkaCluster
  readonly #doors: readonly Door[]
  readonly #shape: Shape
  /** Faults on one broker come one after the other. */
  readonly #queues = new Map<number, Promise<void>>()
  readonly #paused = new Set<number>()
  readonly #away = new Set<number>()

  private constructor(cluster: KafkaCluster, doors: readonly Door[], shape: Shape) {
    this.#cluster = cluster
    this.#doors = doors
    this.#shape = shape
  }

  static async start(shape: Shape, sessionMs: number, { root }: DataDirectory): Promise<Brokers> {
    await using ending = new AsyncDisposableStack()
    const brokers = shape.brokers as 1 | 3
    const doors: Door[] = []
    for (const client of CLIENTS) {
      const ports = await freePorts(brokers)
      for (const [i, port] of ports.entries()) {
        doors.push({ client, broker: i + 1, port, wire: ending.use(await Wire.start(() => port)) })
      }
    }
    const cluster = ending.use(
      await KafkaCluster.start({
        version: '4',
        brokers,
        directory: join(root, 'kafka'),
        javaFlags: await quickStart('4'),
        listeners: (id) =>
          doors
            .filter(({ broker }) => broker === id)
            .map(({ client, port, wire }) => ({
              name: client.toUpperCase(),
              port,
              advertisedPort: wire.port,
            })),
        properties: {
          ...(brokers === 3 ? { 'min.insync.replicas': '2' } : {}),
          'group.consumer.session.timeout.ms': String(sessionMs),
          'group.consumer.min.session.timeout.ms': String(sessionMs),
          'group.consumer.heartbeat.interval.ms': '1000',
          'group.consumer.min.heartbeat.interval.ms': '1000',
        },
      }),
    )
    await whenReady(cluster.bootstrap, brokers)
    const started = new Brokers(cluster, doors, shape)
    started.#ending = ending.move()
    return started
  }

  #ending = new AsyncDisposableStack()

  get doors(): [string, Wire][] {
    return this.#doors.map(({ client, broker, wire }) => [`${client} and broker ${broker}`, wire])
  }

  /** What a process must be told to reach the brokers its own way. */
  settingsFor(who: Client | 'audit'): Record<string, string> {
    const through = this.#doors.filter(({ client }) => client === who)
    const addresses = through.map(({ wire }) => `127.0.0.1:${wire.port}`)
    return {
      MILLRACE_KAFKA_BROKERS: who === 'audit' ? this.#cluster.bootstrap : addresses.join(','),
      MILLRACE_KAFKA_REPLICAS: String(this.#shape.brokers),
    }
  }

  kill(id: number, awayMs: () => Promise<void>): Promise<void> {
    return this.#exclusively(id, async () => {
      this.#away.add(id)
      await this.#cluster.stopBroker(id)
      await awayMs()
      await this.#cluster.startBroker(id)
      this.#away.delete(id)
    })
  }

  pause(id: number, during: () => Promise<void>): Promise<void> {
    return this.#exclusively(id, async () => {
      this.#paused.add(id)
      this.#cluster.signalBroker(id, 'SIGSTOP')
      await during()
      this.#cluster.signalBroker(id, 'SIGCONT')
      this.#paused.delete(id)
    })
  }

  /** All brokers run, know each other and answer. */
  async heal(): Promise<void> {
    for (const id of this.#paused) this.#cluster.signalBroker(id, 'SIGCONT')
    this.#paused.clear()
    for (const id of this.#away) await this.#cluster.startBroker(id)
    this.#away.clear()
    await whenReady(this.#cluster.bootstrap, this.#shape.brokers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#paused) this.#cluster.signalBroker(id, 'SIGCONT')
    await this.#ending.disposeAsync()
  }

  #exclusively(id: number, doing: () => Promise<void>): Promise<void> {
    const done = (this.#queues.get(id) ?? Promise.resolve()).then(doing)
    this.#queues.set(
      id,
      done.catch(() => {}),
    )
    return done
  }
}
