import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { ReadableStream } from 'node:stream/web'
import { Database } from '../../src/store/database.ts'
import { removeTemporary, temporaryDirectory } from './temporary.ts'
import { until } from './wait.ts'

const START_SECONDS = 120
/** A command that goes on for longer hangs, and is ended: its status is null then. */
const COMMAND_MS = 600_000
const END_MS = 60_000
const PROGRAM = resolve(import.meta.dirname, '../../bin/millrace.js')

/** A data directory of a benchmark's own, with programs that run on it. Everything is ended and removed at the end. */
export class BenchSystem implements AsyncDisposable {
  readonly dataDir: string
  readonly producerUrl: string
  readonly consumerUrl: string
  readonly clickhouseUrl: string
  readonly #kept: boolean
  readonly #environment: NodeJS.ProcessEnv
  readonly #running = new Set<ChildProcess>()

  private constructor(
    dataDir: string,
    ports: readonly number[],
    settings: Record<string, string>,
    kept: boolean,
  ) {
    this.dataDir = dataDir
    this.#kept = kept
    this.producerUrl = `http://127.0.0.1:${ports[0]}`
    this.consumerUrl = `http://127.0.0.1:${ports[1]}`
    this.clickhouseUrl = `http://127.0.0.1:${ports[2]}`
    this.#environment = {
      ...process.env,
      MILLRACE_DATA_DIR: dataDir,
      MILLRACE_PRODUCER_PORT: String(ports[0]),
      MILLRACE_CONSUMER_PORT: String(ports[1]),
      MILLRACE_CLICKHOUSE_PORT: String(ports[2]),
      MILLRACE_LOG_LEVEL: 'warn',
      ...settings,
    }
  }

  /** @param keptDir a data directory that is not removed at the end; one of its own by default */
  static async create(settings: Record<string, string> = {}, keptDir?: string): Promise<BenchSystem> {
    const dataDir = keptDir ?? (await temporaryDirectory('system'))
    const ports = [await freePort(), await freePort(), await freePort()]
    return new BenchSystem(dataDir, ports, settings, keptDir !== undefined)
  }

  /** Starts a command that goes on. */
  start(...args: string[]): ChildProcess {
    return this.startWith({}, ...args)
  }

  startWith(settings: Record<string, string>, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...this.#environment, ...settings },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return child
  }

  /** Runs a command to its end and gives back what it wrote. */
  async run(...args: string[]): Promise<{ status: number | null; output: string }> {
    return this.runWith({}, ...args)
  }

  async runWith(
    settings: Record<string, string>,
    ...args: string[]
  ): Promise<{ status: number | null; output: string }> {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...this.#environment, ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: COMMAND_MS,
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, output }
  }

  /** Waits until a service answers, two minutes at most, and no longer than its process lives. */
  async ready(url: string, process?: ChildProcess): Promise<void> {
    await answering(url, process, () => this.json(`${url}/status`))
  }

  /** One number out of this system's ClickHouse, asked as the reader. */
  async number(sql: string): Promise<number> {
    const answer = await this.text(`${this.clickhouseUrl}/?query=${encodeURIComponent(sql)}`)
    if (!/^\d+\n$/.test(answer)) throw new Error(`${sql}: ${answer}`)
    return Number(answer)
  }

  /** This system's ClickHouse as the program's user; to be closed. */
  async database(): Promise<Database> {
    const password = await this.#password()
    return new Database({
      endpoint: () => ({ url: this.clickhouseUrl, user: 'millrace', password, database: 'millrace' }),
    })
  }

  #password(): Promise<string> {
    return readFile(join(this.dataDir, 'clickhouse', 'password'), 'utf8')
  }

  /** Runs a statement as the program's user of this system's ClickHouse. */
  async write(sql: string): Promise<void> {
    await (await this.#asProgram(sql)).arrayBuffer()
  }

  /** The answer of a SELECT with a format, as the program's user, whom nothing limits. */
  async stream(sql: string): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#asProgram(sql)
    if (body === null) throw new Error(`${sql}: an empty answer`)
    return body
  }

  async #asProgram(sql: string): Promise<Response> {
    const headers = { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': await this.#password() }
    const url = `${this.clickhouseUrl}/?wait_end_of_query=1`
    const response = await fetch(url, { method: 'POST', headers, body: sql })
    if (!response.ok) throw new Error(`${sql}: ${await response.text()}`)
    return response
  }

  /** Waits until this system's ClickHouse answers, two minutes at most, and no longer than its process lives. */
  async clickhouseAnswers(process?: ChildProcess): Promise<void> {
    await answering(`ClickHouse at ${this.clickhouseUrl}`, process, () => this.number('SELECT 1'))
  }

  /** Forgets what the store holds, and keeps the log and the ledger. Nothing of it may run. */
  async forgetStore(): Promise<void> {
    await rm(join(this.dataDir, 'clickhouse'), {
      recursive: true,
      force: true,
      maxRetries: 10,
      retryDelay: 100,
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: benchmarks read single numbers out of it
  async json(url: string, method = 'GET'): Promise<any> {
    const response = await fetch(url, { method })
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  async text(url: string): Promise<string> {
    return (await fetch(url)).text()
  }

  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), END_MS)
    await ended
    clearTimeout(killer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) await this.end(child)
    if (!this.#kept) await removeTemporary(this.dataDir)
  }
}

async function answering(
  what: string,
  process: ChildProcess | undefined,
  ask: () => Promise<unknown>,
): Promise<void> {
  await until(what, START_SECONDS, async () => {
    if (process && (process.exitCode !== null || process.signalCode !== null))
      throw new Error(`${what}: its process ended (${process.signalCode ?? process.exitCode})`)
    const done = await ask().then(
      () => true,
      () => false,
    )
    return { done, so: 'it does not answer yet' }
  })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
