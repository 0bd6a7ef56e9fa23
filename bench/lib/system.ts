import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PROGRAM = resolve(import.meta.dirname, '../../bin/millrace.js')

/** A data directory of a benchmark's own, with programs that run on it. Everything is ended and removed at the end. */
export class BenchSystem implements AsyncDisposable {
  readonly dataDir: string
  readonly producerUrl: string
  readonly consumerUrl: string
  readonly clickhouseUrl: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #running = new Set<ChildProcess>()

  private constructor(dataDir: string, ports: readonly number[], settings: Record<string, string>) {
    this.dataDir = dataDir
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

  static async create(settings: Record<string, string> = {}): Promise<BenchSystem> {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
    return new BenchSystem(dataDir, [await freePort(), await freePort(), await freePort()], settings)
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
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, output }
  }

  /** Waits until a service answers, two minutes at most. */
  async ready(url: string): Promise<void> {
    for (let i = 0; i < 2_400; i++) {
      const answers = await fetch(`${url}/status`).then(
        (response) => response.ok,
        () => false,
      )
      if (answers) return
      await sleep(50)
    }
    throw new Error(`${url} does not answer`)
  }

  /** One number out of this system's ClickHouse, asked as the reader. */
  async number(sql: string): Promise<number> {
    const answer = await this.text(`${this.clickhouseUrl}/?query=${encodeURIComponent(sql)}`)
    if (!/^\d+\n$/.test(answer)) throw new Error(`${sql}: ${answer}`)
    return Number(answer)
  }

  /** Runs a statement as the program's user of this system's ClickHouse. */
  async write(sql: string): Promise<void> {
    const password = await readFile(join(this.dataDir, 'clickhouse', 'password'), 'utf8')
    const url = `${this.clickhouseUrl}/?wait_end_of_query=1`
    const headers = { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': password }
    const response = await fetch(url, { method: 'POST', headers, body: sql })
    if (!response.ok) throw new Error(`${sql}: ${await response.text()}`)
    await response.arrayBuffer()
  }

  /** Waits until this system's ClickHouse answers. */
  async clickhouseAnswers(): Promise<void> {
    for (let i = 0; i < 2_400; i++) {
      if (await this.number('SELECT 1').then(Boolean, () => false)) return
      await sleep(50)
    }
    throw new Error(`ClickHouse does not answer at ${this.clickhouseUrl}`)
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
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) await this.end(child)
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
