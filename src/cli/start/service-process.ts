import { type ChildProcess, spawn } from 'node:child_process'
import { extname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../observe/logger.ts'
import { duration } from '../../observe/words.ts'
import type { FromService } from '../parent.ts'

// TypeScript here, JavaScript in the package.
const MAIN = resolve(import.meta.dirname, `../../main${extname(import.meta.filename)}`)

/** A young generation half as large as usual: some 30 MB less at rest in the consumer. */
const NODE_FLAGS = ['--max-semi-space-size=8']

/** These statuses say that starting again would end the same way: wrong settings, already running, refused. */
const HOPELESS = new Set([2, 3, 4, 70])

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** Who ran this long was well: the next pause is short again. */
const WELL_AFTER_MS = 60_000
/** A service gets so long to flush and commit; what it has not done then comes again from the log. */
const STOP_WITHIN_MS = 10_000

export interface ServiceOptions {
  readonly name: 'producer' | 'consumer'
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  readonly logger: Logger
  /** Gets the lines that the service writes to standard error; without it they go to ours. */
  readonly onLine?: (line: string) => void
}

/** A service in a process of its own, which is started again when it dies by accident, and ends when this process is gone. */
export class ServiceProcess {
  readonly #options: ServiceOptions
  /** Resolves with the status of a service that would not run, however often it was started. */
  readonly gaveUp: Promise<number>
  readonly #giveUp: (status: number) => void
  #child: ChildProcess | undefined
  #url: string | undefined
  #stopping = false
  #ended: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(options: ServiceOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<number>()
    this.gaveUp = promise
    this.#giveUp = resolve
  }

  /** Where it answers; undefined while it does not. */
  get url(): string | undefined {
    return this.#url
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const { name, args, environment, onLine } = this.#options
    const startedAt = performance.now()
    // A group of its own: Ctrl-C on a terminal reaches this process, which ends its services in their order.
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, name, ...args], {
      stdio: ['ignore', 'inherit', onLine ? 'pipe' : 'inherit', 'ipc'],
      detached: true,
      env: environment,
    })
    this.#child = child
    if (child.stderr && onLine) createInterface({ input: child.stderr }).on('line', onLine)
    child.on('message', (message: FromService) => {
      this.#url = message.ready
    })
    child.on('error', (error) =>
      this.#options.logger.error({ error }, `The ${name} does not start: ${error.message}`),
    )
    this.#ended = new Promise((resolve) => {
      child.once('exit', (status, signal) => {
        this.#url = undefined
        resolve()
        if (!this.#stopping) void this.#again(status, signal, performance.now() - startedAt)
      })
    })
  }

  /** Asks it to end and waits; in the end by force. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await this.#ended
    clearTimeout(force)
  }

  async #again(status: number | null, signal: NodeJS.Signals | null, ranMs: number): Promise<void> {
    const { name, logger } = this.#options
    if (status !== null && HOPELESS.has(status)) return this.#giveUp(status)
    if (ranMs > WELL_AFTER_MS) this.#failures = 0
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    logger.error(
      `The ${name} ended (${signal ?? `status ${status}`}); it is started again in ${duration(pauseMs)}`,
    )
    await sleep(pauseMs)
    if (!this.#stopping) this.start()
  }
}
