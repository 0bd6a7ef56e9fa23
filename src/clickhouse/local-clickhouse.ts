import { statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../errors.ts'
import { publish } from '../observe/events.ts'
import type { Logger } from '../observe/logger.ts'
import type { Endpoint } from '../store/database.ts'
import { askServer } from './ask.ts'
import { PortTaken } from './failures.ts'
import {
  type Address,
  makeDirectory,
  readOrMakePassword,
  type ServerFiles,
  serverFiles,
  writeSecret,
} from './files.ts'
import { findServer } from './find.ts'
import { FullDisk } from './full-disk.ts'
import { freePort, loopbackHosts } from './ports.ts'
import { type Server, startServer } from './server.ts'
import { READER, type ServerCluster } from './server-config.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A local server was started by this process and answers. */
    'clickhouse:started': { ms: number }
    /** The local server that this process used is gone without having been asked to go. */
    'clickhouse:lost': { owner: boolean }
  }
}

export interface LocalClickHouseOptions {
  readonly dataDir: string
  readonly user: string
  /** Empty: the one in the data directory, made when there is none. */
  readonly password: string
  readonly database: string
  /** Another one is taken when it is not free; 0 takes any. */
  readonly httpPort: number
  /** 0: the native port does not listen. */
  readonly nativePort: number
  /** How much memory the server may use. */
  readonly memoryBytes: number
  /** The clusters that the server knows. No setting leads here: it is how the tests make some. */
  readonly clusters?: readonly ServerCluster[]
  readonly logger: Logger
}

/** The ClickHouse server of a data directory, shared by all processes that work on it. */
export interface LocalClickHouse extends AsyncDisposable {
  /** Where it answers now. This changes when the server is started again and its port was taken meanwhile. */
  endpoint(): Endpoint
  /** Whether this process runs the server; another one does otherwise. */
  readonly owner: boolean
  /** 0 when the native port does not listen. */
  readonly nativePort: number
  /** Leaves the server, and ends it when this process runs it. Idempotent. */
  close(): Promise<void>
}

/** How long a directory may be in use by a server that does not answer: one that starts or ends. */
const IN_USE_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 200
/** How often a process asks whether the server that another process runs is still there. */
const GUEST_ASKS_EVERY_MS = 500
const MAX_PAUSE_MS = 30_000
/** A server that ran this long was well; the next start is tried without a pause again. */
const WELL_AFTER_MS = 60_000

/**
 * Finds the server of this data directory, or starts it. From then on there is one: when it ends, each process that
 * uses it looks for a new one and else starts it, and goes on trying.
 *
 * @throws MillraceError `already_running` when the directory is in use and no server answers, `store_refused` when the
 *   server that runs does not take the credentials, `file_unusable`, `unsupported_platform`, `invalid_setting`,
 *   `store_unavailable`
 */
export async function openLocalClickHouse(options: LocalClickHouseOptions): Promise<LocalClickHouse> {
  checkUser(options.user)
  const files = serverFiles(options.dataDir)
  await makeDirectory(files.directory)
  const password = options.password || (await readOrMakePassword(files.password))
  const local = new SharedServer({ ...options, password }, files)
  await local.open()
  return local
}

class SharedServer implements LocalClickHouse {
  readonly #options: LocalClickHouseOptions
  readonly #files: ServerFiles
  readonly #closing = new AbortController()
  #address: Address | undefined
  /** The server, when this process runs it. */
  #server: Server | undefined
  #watch: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: LocalClickHouseOptions, files: ServerFiles) {
    this.#options = options
    this.#files = files
  }

  async open(): Promise<void> {
    await this.#findOrStart()
    this.#watch = this.#keepUp()
  }

  get owner(): boolean {
    return this.#server !== undefined
  }

  get nativePort(): number {
    return this.#address?.nativePort ?? 0
  }

  endpoint(): Endpoint {
    const { user, password, database, httpPort } = this.#options
    return { url: `http://127.0.0.1:${this.#address?.httpPort ?? httpPort}`, user, password, database }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await this.#watch
    if (!this.#server) return
    await rm(this.#files.address, { force: true })
    await this.#server.stop()
    this.#server = undefined
  }

  async #findOrStart(): Promise<void> {
    const giveUpAt = performance.now() + IN_USE_WITHIN_MS
    for (;;) {
      const found = await findServer(this.#files, this.#options)
      if (found) {
        this.#address = found
        return
      }
      try {
        return await this.#start()
      } catch (error) {
        const passing =
          error instanceof PortTaken || (error instanceof MillraceError && error.code === 'already_running')
        if (!passing || performance.now() > giveUpAt) throw error
        await sleep(LOOK_AGAIN_MS, undefined, { signal: this.#closing.signal })
      }
    }
  }

  async #start(): Promise<void> {
    const began = performance.now()
    const { user, password, database, memoryBytes, clusters } = this.#options
    const hosts = await loopbackHosts()
    const httpPort = await this.#port('MILLRACE_CLICKHOUSE_PORT', this.#options.httpPort, hosts)
    const nativePort =
      this.#options.nativePort === 0
        ? 0
        : await this.#port('MILLRACE_CLICKHOUSE_NATIVE_PORT', this.#options.nativePort, hosts)
    const fullDisk = this.#fullDisk()
    this.#server = await startServer(
      {
        ...{
          user,
          password,
          database,
          memoryBytes,
          clusters,
          hosts,
          httpPort,
          nativePort,
          files: this.#files,
        },
        onLogLine: (line) => fullDisk.see(line),
      },
      this.#closing.signal,
    )
    this.#address = { httpPort, nativePort, ownerPid: process.pid }
    await writeSecret(this.#files.address, JSON.stringify(this.#address))
    const ms = Math.round(performance.now() - began)
    publish('clickhouse:started', { ms })
    this.#options.logger.info(
      { url: this.endpoint().url, ...(nativePort && { nativePort }), serverPid: this.#server.pid, ms },
      'The local ClickHouse server is ready',
    )
  }

  async #port(setting: string, preferred: number, hosts: readonly string[]): Promise<number> {
    const port = await freePort(preferred, hosts)
    if (preferred !== 0 && port !== preferred) {
      this.#options.logger.warn(
        `Port ${preferred} (${setting}) is taken; the local ClickHouse server listens on ${port}`,
      )
    }
    return port
  }

  /** Waits for the server to go, and sees to it that there is one again. */
  async #keepUp(): Promise<void> {
    const { logger } = this.#options
    const signal = this.#closing.signal
    let failures = 0
    while (!signal.aborted) {
      const since = performance.now()
      const reason = await this.#lost()
      if (signal.aborted) return
      publish('clickhouse:lost', { owner: this.owner })
      logger.error(`The local ClickHouse server is gone (${reason})`)
      this.#server = undefined
      if (performance.now() - since > WELL_AFTER_MS) failures = 0
      for (let up = false; !up && !signal.aborted; ) {
        await pause(failures, signal)
        failures++
        up = await this.#findOrStart().then(
          () => true,
          (error: unknown) => {
            if (!signal.aborted) {
              logger.error(
                { error },
                `The local ClickHouse server does not start, trying again: ${messageOf(error)}`,
              )
            }
            return false
          },
        )
      }
      if (!signal.aborted && !this.owner) {
        logger.info({ url: this.endpoint().url }, 'Another process runs the local ClickHouse server now')
      }
    }
  }

  /** Resolves with the reason when the server is gone, or when this process leaves it. */
  async #lost(): Promise<string> {
    const signal = this.#closing.signal
    if (this.#server) {
      const closing = new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('closing'), { once: true })
      })
      return Promise.race([this.#server.ended, closing])
    }
    while (!signal.aborted) {
      await pauseFor(GUEST_ASKS_EVERY_MS, signal)
      const answer = await askServer(this.#address?.httpPort ?? 0, this.#options, this.#files.store)
      if (answer === 'down' || answer === 'refused') return 'it does not answer'
    }
    return 'closing'
  }

  /** One for each server: what the next one finds broken was not left by a disk that it has seen full. */
  #fullDisk(): FullDisk {
    const { directory } = this.#files
    const { logger } = this.#options
    return new FullDisk({
      room: () => {
        const { bavail, bsize } = statfsSync(directory)
        return bavail * bsize
      },
      monotonic: () => performance.now(),
      onFull: () =>
        logger.error(
          `ClickHouse has no room on the disk of ${directory}; it goes on when there is room again`,
        ),
      onBroken: () => {
        logger.warn(
          'A full disk left a part in ClickHouse that cannot be read; it was not acknowledged, and a restart sets it aside',
        )
        void this.#server?.stop()
      },
    })
  }
}

/** No pause after the first failure, then 0.25 s, doubling up to half a minute. */
async function pause(failures: number, signal: AbortSignal): Promise<void> {
  if (failures > 0) await pauseFor(Math.min(MAX_PAUSE_MS, 250 * 2 ** Math.min(failures - 1, 10)), signal)
}

/** A sleep that ends early, without an error, when this process leaves the server. */
async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** The name becomes an element of the users file, and two names are taken. */
function checkUser(user: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(user) && user !== 'default' && user !== READER) return
  throw new MillraceError(
    'invalid_setting',
    `MILLRACE_CLICKHOUSE_USER: "${user}" is not allowed for the local server`,
    { hint: `Give a name of letters, digits and underscores, other than default and ${READER}.` },
  )
}
