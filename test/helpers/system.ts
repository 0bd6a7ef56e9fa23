import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { freePorts } from './ports.ts'
import { type Ended, type Program, run, start, temporaryDirectory } from './program.ts'
import { eventually } from './wait.ts'

/** A data directory with ports and settings of its own, on which whole programs run. */
export class System {
  readonly t: TestContext
  readonly dataDir: string
  readonly environment: Readonly<Record<string, string>>
  readonly producerUrl: string
  readonly consumerUrl: string
  readonly clickhouseUrl: string

  private constructor(
    t: TestContext,
    dataDir: string,
    ports: readonly number[],
    settings: Record<string, string>,
  ) {
    const [producer, consumer, clickhouse, native] = ports
    this.t = t
    this.dataDir = dataDir
    this.producerUrl = `http://127.0.0.1:${producer}`
    this.consumerUrl = `http://127.0.0.1:${consumer}`
    this.clickhouseUrl = `http://127.0.0.1:${clickhouse}`
    this.environment = {
      MILLRACE_DATA_DIR: dataDir,
      MILLRACE_PRODUCER_PORT: String(producer),
      MILLRACE_CONSUMER_PORT: String(consumer),
      MILLRACE_CLICKHOUSE_PORT: String(clickhouse),
      MILLRACE_CLICKHOUSE_NATIVE_PORT: String(native),
      ...settings,
    }
  }

  static async create(t: TestContext, settings: Record<string, string> = {}): Promise<System> {
    return new System(t, await temporaryDirectory(t), await freePorts(4), settings)
  }

  /** Starts a command that goes on, such as `start`, `producer` or `consumer`. */
  start(...args: string[]): Program {
    return start(this.t, args, this.environment)
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended> {
    return run(args, this.environment)
  }

  /** `millrace start`, ready when both services answer. */
  async up(): Promise<Program> {
    const program = this.start('start')
    await this.ready(program)
    return program
  }

  async ready(program: Program): Promise<void> {
    await eventually('both services to answer', async () => {
      if (!program.running) {
        assert.fail(`it ended early: ${program.stderr.slice(-4_000)}`)
      }
      await this.get(`${this.producerUrl}/status`)
      return this.get(`${this.consumerUrl}/status`).then(() => true)
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answers are checked by what the tests expect of them
  async get(url: string): Promise<any> {
    const response = await fetch(url)
    const body = await response.text()
    assert.ok(response.ok, `GET ${url}: ${response.status} ${body}`)
    return JSON.parse(body)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answers are checked by what the tests expect of them
  async post(url: string): Promise<any> {
    const response = await fetch(url, { method: 'POST' })
    const body = await response.text()
    assert.ok(response.ok, `POST ${url}: ${response.status} ${body}`)
    return JSON.parse(body)
  }

  /** What the producer says of itself. */
  producerStatus() {
    return this.get(`${this.producerUrl}/status`)
  }

  consumerStatus() {
    return this.get(`${this.consumerUrl}/status`)
  }

  /** Runs `millrace verify --json`; the report is given back whatever it says. */
  async verify(): Promise<{ status: number | null; report: Record<string, never> & { agrees: boolean } }> {
    const ended = await this.run('verify', '--json')
    try {
      return { status: ended.status, report: JSON.parse(ended.stdout) }
    } catch (cause) {
      throw new Error(`verify gave no report: ${ended.stdout}\n${ended.stderr}`, { cause })
    }
  }

  async verifyAgrees(): Promise<Record<string, never>> {
    const { status, report } = await this.verify()
    assert.equal(report.agrees, true, JSON.stringify(report, null, 2))
    assert.equal(status, 0)
    return report
  }

  /** Rows of a statement, by `millrace sql --json`. */
  async sql(statement: string, ...flags: string[]): Promise<Record<string, unknown>[]> {
    const ended = await this.run('sql', '--json', ...flags, statement)
    assert.equal(ended.status, 0, ended.stderr)
    return ended.stdout.trim() === '' ? [] : JSON.parse(ended.stdout)
  }
}

/**
 * The process and everything below it, found in /proc, so that a whole tree can be killed at one moment, as when a
 * machine's memory runs out. Linux only.
 */
export async function processTree(root: number): Promise<number[]> {
  const children = new Map<number, number[]>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (!stat) continue
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  const visit = (pid: number): void => {
    found.push(pid)
    for (const child of children.get(pid) ?? []) visit(child)
  }
  visit(root)
  return found
}
