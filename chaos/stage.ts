import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverFiles } from '../src/clickhouse/files.ts'
import { freePorts } from '../test/helpers/ports.ts'
import { Program } from '../test/helpers/program.ts'
import { DataDirectory } from './data-directory.ts'
import { Brokers } from './kafka.ts'
import type { Order } from './log-tool.ts'
import { Service } from './service.ts'
import type { Shape } from './shape.ts'
import { Wire } from './wire.ts'

/** How long a consumer may be silent before its partitions go to others; the brokers are told so. */
export const SESSION_MS = 6_000

/** How long a request to ClickHouse may take. Shorter than by default, so that a round meets the time-out. */
const STORE_TIMEOUT_MS = 5_000

const SPEED_EPS = 300

const LOG_TOOL = resolve(import.meta.dirname, 'log-tool.ts')
const ORDER_MS = 40_000

/** One whole system under load, and everything that faults take hold of. All of it is ended when it is disposed of. */
export class Stage implements AsyncDisposable {
  readonly shape: Shape
  readonly data: DataDirectory
  readonly kafka: Brokers | undefined
  /** The proxies between two parts, by the names of doorsOf(). */
  readonly doors = new Map<string, Wire>()
  readonly producer: Service
  readonly consumers: readonly Service[]
  /** The process that runs ClickHouse, when no consumer does. */
  readonly store: Service | undefined
  readonly producerUrl: string
  readonly #ending: AsyncDisposableStack
  readonly #ports: readonly number[]
  readonly #seed: number
  #password = ''
  #producers = 0
  #kept = false

  private constructor(
    of: {
      shape: Shape
      seed: number
      data: DataDirectory
      kafka: Brokers | undefined
      ports: readonly number[]
    },
    ending: AsyncDisposableStack,
  ) {
    this.shape = of.shape
    this.data = of.data
    this.kafka = of.kafka
    this.#seed = of.seed
    this.#ports = of.ports
    this.#ending = ending
    this.producerUrl = `http://127.0.0.1:${of.ports[1]}`
    this.producer = this.#service('producer', ['producer'], () => ({
      MILLRACE_PRODUCER_PORT: String(of.ports[1]),
      MILLRACE_SEED: String(1 + ((this.#seed + this.#producers++) % 2 ** 30)),
      ...of.kafka?.settingsFor('producer'),
    }))
    this.consumers = Array.from({ length: of.shape.consumers }, (_, i) =>
      this.#service(`consumer ${i + 1}`, ['consumer', '-init-schema'], () => ({
        MILLRACE_CONSUMER_PORT: String(of.ports[2 + i]),
        ...this.#storeSettings(),
        ...of.kafka?.settingsFor('consumers'),
      })),
    )
    this.store =
      of.shape.store === 'apart'
        ? this.#service('owner of ClickHouse', ['clickhouse'], () => ({}))
        : undefined
  }

  /** @param seed of the system: its producers generate by it */
  static async set(shape: Shape, seed: number): Promise<Stage> {
    await using ending = new AsyncDisposableStack()
    const data = ending.use(await DataDirectory.make(shape))
    const kafka = shape.log === 'kafka' ? ending.use(await Brokers.start(shape, SESSION_MS, data)) : undefined
    const ports = await freePorts(5)
    const stage = new Stage({ shape, seed, data, kafka, ports }, ending.move())
    try {
      await stage.#begin()
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  async #begin(): Promise<void> {
    const { kafka, doors } = this
    for (const [name, wire] of kafka?.doors ?? []) doors.set(name, wire)
    if (this.store) {
      const wire = this.#ending.use(await Wire.start(() => this.#storePort()))
      doors.set('consumers and ClickHouse', wire)
      this.store.start()
      await this.until('ClickHouse to answer', () => this.storeAnswers())
      this.#password = (await readFile(serverFiles(this.data.path).password, 'utf8')).trim()
    }
    for (const consumer of this.consumers) consumer.start()
    this.producer.start()
    await this.until('all services to answer', () => this.answers(), 60_000)
  }

  get services(): readonly Service[] {
    return [this.producer, ...this.consumers, ...(this.store ? [this.store] : [])]
  }

  /** Settings of commands that look at the system from outside: not through the proxies. */
  get environment(): Readonly<Record<string, string>> {
    return { ...this.#common(), ...this.kafka?.settingsFor('audit') }
  }

  /** The address of a consumer. */
  consumerUrl(which: number): string {
    return `http://127.0.0.1:${this.#ports[2 + which]}`
  }

  /** Everything that a fault left ended or paused goes on. What had ended by itself is told. */
  async heal(): Promise<string[]> {
    for (const wire of this.doors.values()) wire.set({ kind: 'fair' })
    await this.data.free()
    const surprises = this.services.flatMap(({ surprise }) => surprise ?? [])
    for (const service of this.services) {
      service.resume()
      service.start()
    }
    await this.kafka?.heal()
    return surprises
  }

  async answers(): Promise<boolean> {
    const urls = [this.producerUrl, ...this.consumers.map((_, i) => this.consumerUrl(i))]
    await Promise.all(urls.map((url) => get(`${url}/status`)))
    return this.storeAnswers()
  }

  async storeAnswers(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${await this.#storePort()}/?query=SELECT+1`, soon())
    return response.ok
  }

  /** The ClickHouse server itself, a child of whoever runs it; undefined when there is none now. */
  async storeServerPid(): Promise<number | undefined> {
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
      if (command.includes('server-process') && command.includes(this.data.path)) return Number(name)
    }
    return undefined
  }

  async setGenerating(generating: boolean): Promise<void> {
    await this.until('the producer to take orders', async () => {
      await post(`${this.producerUrl}/generate/${generating ? 'resume' : 'pause'}`)
      return true
    })
  }

  /** Nothing is generated any more, and what was generated is acknowledged or given up. */
  async drain(): Promise<void> {
    await this.setGenerating(false)
    await this.until('the producer to have sent everything', async () => {
      const { buffer_used, generated, sent, failed } = await get(`${this.producerUrl}/status`)
      return buffer_used === 0 && generated === sent + failed
    })
  }

  /** Runs a `millrace` command to its end. */
  async run(
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const program = new Program(args, this.environment)
    program.child.stdin!.end()
    const kill = (): void => void program.child.kill('SIGKILL')
    signal?.addEventListener('abort', kill, { once: true })
    const ended = await program.ended
    signal?.removeEventListener('abort', kill)
    return ended
  }

  /** Has something done to the log. A log that is away at the time takes nothing, and that is all. */
  async order(order: Order): Promise<void> {
    const child = spawn(process.execPath, [LOG_TOOL, JSON.stringify(order)], {
      env: { PATH: process.env.PATH, ...this.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), ORDER_MS)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    clearTimeout(timer)
    if (status !== 0 && order.what === 'reset') throw new Error(`setting positions back failed: ${said}`)
    if (status !== 0 && !/log_unavailable|log_full/.test(said)) {
      throw new Error(`writing into the log failed (${status}): ${said}`)
    }
  }

  /** One more consumer, that nobody starts again. */
  consumerBeside(group: string): Service {
    const beside = this.#service('consumer beside', ['consumer'], () => ({
      MILLRACE_CONSUMER_PORT: '0',
      MILLRACE_KAFKA_GROUP: group,
      ...this.#storeSettings(),
      ...this.kafka?.settingsFor('consumers'),
    }))
    this.#ending.defer(() => beside.close())
    return beside
  }

  /** Asks until the answer is yes. An error is a no. The end of a round is what ends it otherwise. */
  async until(what: string, ask: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
    const end = performance.now() + withinMs
    let last: unknown
    for (;;) {
      try {
        if (await ask()) return
        last = undefined
      } catch (error) {
        last = error
      }
      if (performance.now() > end)
        throw new Error(`waited ${withinMs / 1_000} s for ${what}`, { cause: last })
      await sleep(50)
    }
  }

  /** What is known about all services, for people. */
  async describe(): Promise<string> {
    const lines = this.services.map((service) => {
      const state = service.running ? `runs as ${service.pid}` : 'has ended'
      return `--- ${service.name} ${state}; its last lines:\n${service.lastLines(12)}`
    })
    return lines.join('\n')
  }

  /** The data directory stays when the system is gone. */
  keep(): void {
    this.#kept = true
    this.data.keep()
  }

  get kept(): boolean {
    return this.#kept
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.doors.values()) wire.set({ kind: 'fair' })
    await Promise.all([this.producer, ...this.consumers].map((service) => service.close()))
    await this.store?.close()
    await this.#ending.disposeAsync()
  }

  #service(name: string, args: readonly string[], more: () => Record<string, string>): Service {
    return new Service(name, args, () => ({ ...this.#common(), ...more() }))
  }

  #common(): Record<string, string> {
    return {
      MILLRACE_DATA_DIR: this.data.path,
      MILLRACE_CLICKHOUSE_PORT: String(this.#ports[0]),
      MILLRACE_CLICKHOUSE_TIMEOUT: `${STORE_TIMEOUT_MS}ms`,
      MILLRACE_SPEED: String(SPEED_EPS),
      MILLRACE_REPEATS: '0.05',
      MILLRACE_SEND_BACKOFF: '100ms',
      MILLRACE_SEND_MAX_BACKOFF: '1s',
      MILLRACE_LOG_FORMAT: 'json',
    }
  }

  #storeSettings(): Record<string, string> {
    const door = this.doors.get('consumers and ClickHouse')
    if (!door) return {}
    return {
      MILLRACE_CLICKHOUSE_URL: `http://127.0.0.1:${door.port}`,
      MILLRACE_CLICKHOUSE_PASSWORD: this.#password,
    }
  }

  async #storePort(): Promise<number> {
    const { httpPort } = JSON.parse(
      await readFile(join(this.data.path, 'clickhouse', 'address.json'), 'utf8'),
    )
    return httpPort
  }
}

function soon(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(3_000) }
}

// biome-ignore lint/suspicious/noExplicitAny: single numbers are read out of it
async function get(url: string): Promise<any> {
  const response = await fetch(url, soon())
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`)
  return response.json()
}

async function post(url: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', ...soon() })
  if (!response.ok) throw new Error(`POST ${url}: ${response.status}`)
  await response.arrayBuffer()
}
