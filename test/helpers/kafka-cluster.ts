import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type KafkaVersion, kafkaClassPath } from './kafka-libs.ts'
import { freePorts } from './ports.ts'
import { eventually } from './wait.ts'

export interface ClusterOptions {
  readonly version: KafkaVersion
  readonly brokers: 1 | 3
  /** Holds data and log files. Made when missing; with data in it, the cluster goes on where it was. */
  readonly directory: string
  /** Of the first broker; free ones by default. */
  readonly port?: number
  /** For each Java process. */
  readonly javaFlags?: readonly string[]
  /** More lines for each server.properties. */
  readonly properties?: Readonly<Record<string, string>>
  /** More ports that a broker of Kafka 4 listens on, for clients that are told to come another way. */
  readonly listeners?: (id: number) => readonly Listener[]
}

export interface Listener {
  /** In capital letters. */
  readonly name: string
  readonly port: number
  /** The port that clients of this listener are told. */
  readonly advertisedPort: number
}

/** A broker takes three seconds; several at once, on a machine with other work, have taken more than a minute. */
const START_MS = 180_000

interface Node {
  readonly id: number
  readonly port: number
  readonly directory: string
  process: ChildProcess | undefined
}

/** Real brokers on the loopback address, each a Java process of its own. */
export class KafkaCluster implements AsyncDisposable {
  readonly #classPath: string
  readonly #nodes: readonly Node[]
  readonly #javaFlags: readonly string[]
  #zookeeper: ChildProcess | undefined
  #closed = false

  private constructor(classPath: string, nodes: readonly Node[], javaFlags: readonly string[]) {
    this.#classPath = classPath
    this.#nodes = nodes
    this.#javaFlags = javaFlags
  }

  /** Starts brokers and waits until they answer. */
  static async start(options: ClusterOptions): Promise<KafkaCluster> {
    const classPath = await kafkaClassPath(options.version)
    const ports = await freePorts(2 * options.brokers + 1)
    const nodes = Array.from({ length: options.brokers }, (_, i) => ({
      id: i + 1,
      port: (i === 0 && options.port) || ports[i]!,
      directory: join(options.directory, `broker-${i + 1}`),
      process: undefined,
    }))
    const cluster = new KafkaCluster(classPath, nodes, options.javaFlags ?? [])
    try {
      const controllerPorts = ports.slice(options.brokers)
      if (options.version === '4') await cluster.#formatKraft(options, controllerPorts)
      else await cluster.#startZooKeeper(options, controllerPorts[0]!)
      await Promise.all(nodes.map((node) => cluster.startBroker(node.id)))
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  /** Addresses for a client: host:port, separated by commas. */
  get bootstrap(): string {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  get pids(): readonly number[] {
    return this.#nodes.flatMap((node) => node.process?.pid ?? [])
  }

  /** Starts a broker that was ended, with the data and the address that it had. */
  async startBroker(id: number): Promise<void> {
    const node = this.#node(id)
    const command = ['kafka.Kafka', join(node.directory, 'server.properties')]
    // While ZooKeeper still takes the killed one for alive, its successor gives up.
    await eventually(
      `broker ${id} to start`,
      async () => {
        if (this.#closed) return true
        node.process = await this.#java(node.directory, [...this.#javaFlags, '-Xmx512m'], command)
        await listening(node.port, node.process, node.directory)
        return true
      },
      START_MS,
    )
  }

  /** Ends a broker at once, as a power cut does (SIGKILL), or in good order (SIGTERM). */
  async stopBroker(id: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const node = this.#node(id)
    await ended(node.process, signal)
    node.process = undefined
  }

  /** Sends a signal to a broker: SIGSTOP and SIGCONT pause it. */
  signalBroker(id: number, signal: NodeJS.Signals): void {
    this.#node(id).process?.kill(signal)
  }

  /** Runs one of Kafka's own tools, a Java class, and gives back what it printed. */
  async tool(mainClass: string, args: readonly string[], input = ''): Promise<string> {
    const running = promisify(execFile)(
      'java',
      [...this.#javaFlags, '-Xmx256m', '-cp', this.#classPath, mainClass, ...args],
      { maxBuffer: 2 ** 28 },
    )
    running.child.stdin!.end(input)
    return (await running).stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.all(this.#nodes.map(({ id }) => this.stopBroker(id)))
    await ended(this.#zookeeper, 'SIGKILL')
  }

  #node(id: number): Node {
    const node = this.#nodes.find((each) => each.id === id)
    if (!node) throw new Error(`there is no broker ${id}`)
    return node
  }

  async #formatKraft(options: ClusterOptions, controllerPorts: readonly number[]): Promise<void> {
    const voters = this.#nodes.map(({ id }, i) => `${id}@127.0.0.1:${controllerPorts[i]}`).join(',')
    const clusterId = newClusterId()
    await Promise.all(
      this.#nodes.map(async (node, i) => {
        const file = await writeProperties(node, {
          ...common(options, node),
          'process.roles': 'broker,controller',
          'node.id': node.id,
          'controller.quorum.voters': voters,
          'controller.listener.names': 'CONTROLLER',
          ...listenersOf(node, controllerPorts[i]!, options.listeners?.(node.id) ?? []),
          'share.coordinator.state.topic.replication.factor': options.brokers,
          'share.coordinator.state.topic.min.isr': 1,
          'group.coordinator.rebalance.protocols': 'classic,consumer',
          'group.consumer.min.session.timeout.ms': 1_000,
          'group.consumer.min.heartbeat.interval.ms': 100,
          'group.consumer.heartbeat.interval.ms': 250,
          ...options.properties,
        })
        await this.tool('kafka.tools.StorageTool', [
          'format',
          '--ignore-formatted',
          '-t',
          clusterId,
          '-c',
          file,
        ])
      }),
    )
  }

  async #startZooKeeper(options: ClusterOptions, port: number): Promise<void> {
    const directory = join(options.directory, 'zookeeper')
    await mkdir(directory, { recursive: true })
    const file = join(directory, 'zk.properties')
    const lines = [
      `dataDir=${directory}`,
      `clientPort=${port}`,
      'tickTime=500',
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
    ]
    await writeFile(file, `${lines.join('\n')}\n`)
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    this.#zookeeper = await this.#java(directory, [...this.#javaFlags, '-Xmx256m'], [main, file])
    await listening(port, this.#zookeeper, directory)
    for (const node of this.#nodes) {
      await writeProperties(node, {
        ...common(options, node),
        'broker.id': node.id,
        'zookeeper.connect': `127.0.0.1:${port}`,
        'zookeeper.session.timeout.ms': 2_000,
        listeners: `PLAINTEXT://127.0.0.1:${node.port}`,
        ...options.properties,
      })
    }
  }

  /** Starts a Java process that logs into a file of its directory. */
  async #java(
    directory: string,
    flags: readonly string[],
    command: readonly string[],
  ): Promise<ChildProcess> {
    const logging = join(directory, 'log4j.properties')
    const lines = [
      'log4j.rootLogger=INFO, out',
      'log4j.appender.out=org.apache.log4j.ConsoleAppender',
      'log4j.appender.out.layout=org.apache.log4j.PatternLayout',
      'log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n',
    ]
    await writeFile(logging, `${lines.join('\n')}\n`)
    const log = await open(join(directory, 'output.log'), 'a')
    const args = [`-Dlog4j.configuration=file:${logging}`, '-Dlog4j2.level=INFO', '-cp', this.#classPath]
    const child = spawn('java', [...flags, ...args, ...command], { stdio: ['ignore', log.fd, log.fd] })
    await log.close()
    return child
  }
}

function listenersOf(node: Node, controllerPort: number, more: readonly Listener[]): Record<string, string> {
  const own = { name: 'PLAINTEXT', port: node.port, advertisedPort: node.port }
  const controller = { name: 'CONTROLLER', port: controllerPort, advertisedPort: controllerPort }
  const lines = (listeners: readonly Listener[], write: (one: Listener) => string) =>
    listeners.map(write).join(',')
  return {
    listeners: lines([own, ...more, controller], ({ name, port }) => `${name}://127.0.0.1:${port}`),
    'advertised.listeners': lines(
      [own, ...more],
      ({ name, advertisedPort }) => `${name}://127.0.0.1:${advertisedPort}`,
    ),
    'listener.security.protocol.map': lines([controller, own, ...more], ({ name }) => `${name}:PLAINTEXT`),
    'inter.broker.listener.name': own.name,
  }
}

function common(options: ClusterOptions, node: Node): Record<string, string | number> {
  return {
    'log.dirs': join(node.directory, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': options.brokers,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': options.brokers,
    'transaction.state.log.num.partitions': 3,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // A broker ended in good order must not make the end of a test wait for its peers.
    'controlled.shutdown.max.retries': 1,
  }
}

/** Sixteen random bytes in base64. The first character is a letter: Kafka's tool takes an id that begins with a hyphen for an option. */
function newClusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('base64url')
}

async function writeProperties(node: Node, properties: Record<string, string | number>): Promise<string> {
  await mkdir(node.directory, { recursive: true })
  const file = join(node.directory, 'server.properties')
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`)
  await writeFile(file, `${lines.join('\n')}\n`)
  return file
}

async function listening(port: number, child: ChildProcess, directory: string): Promise<void> {
  let failed: Error | undefined
  child.once('error', (error) => {
    failed = error
  })
  await eventually(
    `port ${port}; see ${directory}/output.log`,
    async () => {
      if (failed || child.exitCode !== null || child.signalCode !== null) return true
      return accepts(port)
    },
    START_MS,
  )
  if (failed) throw failed
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the process ended (${child.exitCode ?? child.signalCode}); see ${directory}/output.log`)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  await closed
}
