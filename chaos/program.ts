import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { processTree } from '../test/helpers/system.ts'

const MILLRACE = resolve(import.meta.dirname, '../bin/millrace.js')

/** How long a program that is asked to end may take; then it is killed, and that is a failure of the round. */
const END_MS = 20_000

/** A `millrace` command that is started again and again. What it writes goes to a file of its own, so that a long run needs no memory for it. */
export class Program {
  readonly name: string
  readonly #args: readonly string[]
  readonly #environment: Readonly<Record<string, string>>
  readonly #output: string
  #child: ChildProcess | undefined
  #isRetired = false

  constructor(
    name: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    logDirectory: string,
  ) {
    this.name = name
    this.#args = args
    this.#environment = environment
    this.#output = join(logDirectory, `${name}.log`)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts it unless it runs, or is not to run any more. */
  start(): void {
    if (this.isRunning || this.#isRetired) return
    const output = openSync(this.#output, 'a')
    this.#child = spawn(process.execPath, [MILLRACE, ...this.#args], {
      env: this.#environment,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
  }

  /** Sends a signal to the process and to all below it. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return
    for (const pid of await processTree(this.#child!.pid!)) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended meanwhile.
      }
    }
  }

  async kill(): Promise<void> {
    const ended = this.#ended()
    await this.signal('SIGKILL')
    await ended
  }

  /** @throws when it does not end by itself */
  async end(): Promise<void> {
    if (!this.isRunning) return
    const ended = this.#ended()
    this.#child!.kill('SIGTERM')
    const timer = setTimeout(() => void this.signal('SIGKILL'), END_MS)
    await ended
    clearTimeout(timer)
    if (this.#child!.signalCode === 'SIGKILL') throw new Error(`${this.name} did not end within ${END_MS} ms`)
  }

  /** Ends it for good, also when it was stopped (SIGSTOP). */
  async retire(): Promise<void> {
    this.#isRetired = true
    await this.signal('SIGCONT')
    await this.end()
  }

  /** The last lines that it wrote. */
  lastLines(count: number): string {
    try {
      return readFileSync(this.#output, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
    } catch {
      return '(nothing)'
    }
  }

  async #ended(): Promise<void> {
    const child = this.#child
    if (child && this.isRunning) await new Promise<void>((resolve) => child.once('exit', () => resolve()))
  }
}
