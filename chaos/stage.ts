import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FaultProxy } from '../test/helpers/fault-proxy.ts'
import { freePorts } from '../test/helpers/ports.ts'
import { eventually } from '../test/helpers/wait.ts'
import { type Brokers, oneBroker, threeBrokers } from './brokers.ts'
import { Program } from './program.ts'

/** What runs: the embedded log with its one consumer; one broker behind proxies; three brokers with three consumers. */
export const SETUPS = ['lmdb', 'kafka', 'cluster'] as const
export type Setup = (typeof SETUPS)[number]

export const TOPIC = 'page-views'
export const GROUP = 'millrace'

/** Events a second: much for what a round is long, little for what a machine can. */
const SPEED = '500'

/** The file system of the data directory, so that a disk can be full. */
const DISK = '700m'

const ANSWER_MS = 90_000

/** The processes of one system, what lies between them, and how to ask them. Everything is ended and removed with it. */
export class Stage implements AsyncDisposable {
  readonly setup: Setup
  readonly dataDir: string
  readonly logDirectory: string
  readonly brokers: Brokers | undefined
  readonly storeProxy: FaultProxy
  readonly clickhouse: Program
  readonly producer: Program
  readonly consumers: readonly Program[]
  /** Where ClickHouse answers without a proxy, and as whom. */
  readonly store: { readonly url: string; readonly user: string; readonly password: string }
  readonly producerUrl: string
  readonly consumerUrls: readonly string[]
  /** Whether the data directory is a small file system of its own. */
  readonly hasSmallDisk: boolean
  /** Keeps the data directory and the programs' output. */
  keep = false
  readonly #environment: Readonly<Record<string, string>>
  readonly #locks = new Map<string, Promise<unknown>>()

  static async set(setup: Setup, seed: number): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
    const dataDir = join(directory, 'data')
    const logDirectory = join(directory, 'logs')
    await mkdir(dataDir, { mode: 0o700 })
    await mkdir(logDirectory)
    const hasSmallDisk = mountSmallDisk(dataDir)
    const brokers =
      setup === 'lmdb' ? undefined : setup === 'kafka' ? await oneBroker() : await threeBrokers()
    const [clickhousePort, producerPort, ...consumerPorts] = (await freePorts(5)) as [
      number,
      number,
      ...number[],
    ]
    const environment = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'))),
      MILLRACE_DATA_DIR: dataDir,
      MILLRACE_LOG_FORMAT: 'json',
      MILLRACE_CLICKHOUSE_PORT: String(clickhousePort),
    } as Record<string, string>
    const clickhouse = new Program('clickhouse', ['clickhouse'], environment, logDirectory)
    clickhouse.start()
    const url = `http://127.0.0.1:${clickhousePort}`
    const answers = async () => (await fetch(`${url}/?query=SELECT+1`)).ok
    await eventually('ClickHouse to answer', answers, ANSWER_MS).catch(async (error: unknown) => {
      await clickhouse.kill()
      throw new Error(`ClickHouse does not start: ${clickhouse.lastLines(5)}`, { cause: error })
    })
    const password = await readFile(join(dataDir, 'clickhouse', 'password'), 'utf8')
    const storeProxy = await FaultProxy.open(() => clickhousePort)
    const stage = new Stage(
      { setup, dataDir, logDirectory, brokers, storeProxy, clickhouse, hasSmallDisk },
      { url, user: 'millrace', password },
      { ...environment, MILLRACE_SEED: String(seed) },
      producerPort,
      consumerPorts.slice(0, setup === 'cluster' ? 3 : 1),
    )
    try {
      stage.startAll()
      await stage.answers()
      return stage
    } catch (error) {
      stage.keep = true
      await stage[Symbol.asyncDispose]()
      throw new Error(`the system did not start: ${error}\n${stage.lastLines(5)}`)
    }
  }

  private constructor(
    parts: Pick<
      Stage,
      'setup' | 'dataDir' | 'logDirectory' | 'brokers' | 'storeProxy' | 'clickhouse' | 'hasSmallDisk'
    >,
    store: Stage['store'],
    environment: Record<string, string>,
    producerPort: number,
    consumerPorts: readonly number[],
  ) {
    this.setup = parts.setup
    this.dataDir = parts.dataDir
    this.logDirectory = parts.logDirectory
    this.brokers = parts.brokers
    this.storeProxy = parts.storeProxy
    this.clickhouse = parts.clickhouse
    this.hasSmallDisk = parts.hasSmallDisk
    this.store = store
    const { brokers, storeProxy } = parts
    const log = (bootstrap: string): Record<string, string> =>
      brokers === undefined
        ? {}
        : { MILLRACE_KAFKA_BROKERS: bootstrap, MILLRACE_KAFKA_REPLICAS: String(brokers.ids.length) }
    this.#environment = {
      ...environment,
      ...log(brokers?.consumerBootstrap ?? ''),
      MILLRACE_CLICKHOUSE_URL: storeProxy.url,
      MILLRACE_CLICKHOUSE_PASSWORD: store.password,
      MILLRACE_CLICKHOUSE_TIMEOUT: '3s',
    }
    const producing = {
      ...environment,
      ...log(brokers?.producerBootstrap ?? ''),
      MILLRACE_PRODUCER_PORT: String(producerPort),
      MILLRACE_SPEED: SPEED,
      MILLRACE_BUFFER_FULL: 'block',
      MILLRACE_SEND_MAX_BACKOFF: '5s',
    }
    this.producer = new Program('producer', ['producer'], producing, this.logDirectory)
    this.consumers = consumerPorts.map((port, i) => {
      const consuming = { ...this.#environment, MILLRACE_CONSUMER_PORT: String(port) }
      return new Program(`consumer-${i + 1}`, ['consumer', '-init-schema'], consuming, this.logDirectory)
    })
    this.producerUrl = `http://127.0.0.1:${producerPort}`
    this.consumerUrls = consumerPorts.map((port) => `http://127.0.0.1:${port}`)
  }

  /** Everything that runs as `millrace …`. */
  get programs(): readonly Program[] {
    return [this.clickhouse, this.producer, ...this.consumers]
  }

  startAll(): void {
    for (const program of this.programs) program.start()
  }

  /** One fault at a time for each target. */
  async exclusively<T>(target: string, run: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(target) ?? Promise.resolve()
    const mine = before.then(run)
    this.#locks.set(
      target,
      mine.catch(() => {}),
    )
    return mine
  }

  /** Ends whatever was done to the system: all runs, and all is reached. Faults do it themselves; this is for what was left by a crash. */
  async heal(): Promise<void> {
    for (const proxy of [this.storeProxy, this.brokers?.producerProxy, this.brokers?.consumerProxy]) {
      if (proxy && proxy.fault.kind !== 'none') proxy.heal()
    }
    await this.freeDisk()
    for (const program of this.programs) await program.signal('SIGCONT')
    this.startAll()
  }

  /** Waits until every service answers. */
  async answers(): Promise<void> {
    for (const url of [this.producerUrl, ...this.consumerUrls]) {
      await eventually(`${url} to answer`, () => this.ask(`${url}/status`), ANSWER_MS)
    }
  }

  async sent(): Promise<number> {
    return (await this.ask(`${this.producerUrl}/status`)).sent
  }

  // biome-ignore lint/suspicious/noExplicitAny: single numbers are read out of it
  async ask(url: string, method = 'GET'): Promise<any> {
    const response = await fetch(url, { method, signal: AbortSignal.timeout(5_000) })
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** What a `millrace` command needs to find this system, for one that is run beside it. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment
  }

  /** Takes what room the disk has, but some kilobytes. */
  async fillDisk(): Promise<void> {
    const { bavail, bsize } = await statfs(this.dataDir)
    await writeFile(join(this.dataDir, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - 65_536)))
  }

  async freeDisk(): Promise<void> {
    await rm(join(this.dataDir, 'ballast'), { force: true })
  }

  /** What the programs said last. */
  lastLines(count: number): string {
    return this.programs.map((program) => `--- ${program.name}\n${program.lastLines(count)}`).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of [...this.programs].reverse()) await program.retire().catch(() => {})
    await this.storeProxy[Symbol.asyncDispose]()
    await this.brokers?.[Symbol.asyncDispose]()
    if (this.keep) return
    if (this.hasSmallDisk) execFileSync('umount', [this.dataDir], { stdio: 'pipe' })
    await rm(join(this.dataDir, '..'), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** @returns whether it could: only the administrator of a machine may */
function mountSmallDisk(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', directory], {
      stdio: 'pipe',
    })
    return true
  } catch {
    return false
  }
}
