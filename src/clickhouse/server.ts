import { type ChildProcess, spawn } from 'node:child_process'
import { extname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryResolveLibchdb } from 'chdb/libchdb'
import { MillraceError } from '../errors.ts'
import { askServer } from './ask.ts'
import { explainFailure, unsupportedPlatform } from './failures.ts'
import { type ServerFiles, writeSecret } from './files.ts'
import { type ServerConfig, serverXml, usersXml } from './server-config.ts'
import { keepServerLog } from './server-log.ts'

// TypeScript here, JavaScript in the package.
const PROGRAM = resolve(import.meta.dirname, `server-process${extname(import.meta.filename)}`)
const LOG_BYTES = 4 * 2 ** 20
/**
 * Gives freed memory back within a second and keeps few heaps, which saves some 60 MB at rest (on a machine with two
 * cores, after a million rows).
 */
const ALLOCATOR = 'narenas:4,dirty_decay_ms:500,muzzy_decay_ms:0'
/** Lines of the log that are kept to say why a server ended. */
const LAST_LINES = 40
const READY_POLL_MS = 20
/** A server that is not there by then hangs. Opening many parts after a crash takes seconds. */
const READY_WITHIN_MS = 120_000
/** A clean end waits for merges. After this the server is killed, which loses nothing that was acknowledged. */
const STOP_WITHIN_MS = 4_000

export interface ServerOptions extends Omit<ServerConfig, 'usersFile'> {
  readonly files: ServerFiles
  readonly httpPort: number
  /** 0: it does not listen. */
  readonly nativePort: number
  /** Called with each line of the server's log: warnings and errors. */
  onLogLine(line: string): void
}

/**
 * Checks that there is a server to run on this operating system and processor.
 *
 * @throws MillraceError `unsupported_platform`
 */
export function requirePlatform(): void {
  if (!tryResolveLibchdb()) throw unsupportedPlatform('its package is not installed')
}

/** A ClickHouse server in a child process of this one. */
export interface Server {
  readonly pid: number
  /** Resolves when the process has ended, whatever the reason, with a few words for the log. */
  readonly ended: Promise<string>
  /** Ends the server, in the end by force. */
  stop(): Promise<void>
}

/**
 * Starts a server and resolves when it answers.
 *
 * @throws MillraceError `already_running`, `file_unusable`, `unsupported_platform`, `store_unavailable`; PortTaken
 */
export async function startServer(options: ServerOptions, signal: AbortSignal): Promise<Server> {
  requirePlatform()
  const { files } = options
  const config = { ...options, usersFile: files.users }
  await writeSecret(files.config, serverXml(config))
  await writeSecret(files.users, usersXml(config))

  const child = spawn(process.execPath, [PROGRAM, ...serverArguments(options)], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Ctrl-C on a terminal goes to a whole process group, and the server has to outlive the last flush.
    detached: true,
    // None of this process's variables: they hold settings and secrets that are none of the server's business.
    env: { TZ: 'UTC', JE_MALLOC_CONF: ALLOCATOR },
  })
  // Nothing is ever written to it: its end is what ends the server, however this process ends.
  child.stdin.on('error', () => {})
  const lines: string[] = []
  keepServerLog(child.stderr, {
    path: files.log,
    maxBytes: LOG_BYTES,
    onLine: (line) => {
      if (lines.push(line) > LAST_LINES) lines.shift()
      options.onLogLine(line)
    },
  })

  const ended = endOf(child)
  const server: Server = { pid: child.pid ?? 0, ended, stop: () => stop(child, ended) }
  try {
    await ready(options, ended, signal, lines)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

/**
 * The queries run one after the other as the user `default`. The last one reads standard input until it ends, and with
 * it the server.
 */
function serverArguments({ files, database, httpPort, nativePort }: ServerOptions): string[] {
  const queries = [
    `CREATE DATABASE IF NOT EXISTS ${database} ENGINE = Atomic`,
    'SYSTEM START LISTEN HTTP',
    ...(nativePort === 0 ? [] : ['SYSTEM START LISTEN TCP']),
    `SELECT count() FROM file('-', LineAsString, 'line String') FORMAT Null`,
  ]
  return [
    `--config-file=${files.config}`,
    `--path=${files.store}`,
    // On the command line, because the level in the configuration file is ignored.
    '--log-level=warning',
    '--logger.console=1',
    `--http_port=${httpPort}`,
    ...(nativePort === 0 ? [] : [`--tcp_port=${nativePort}`]),
    `--query=${queries.join('; ')}`,
  ]
}

async function ready(
  options: ServerOptions,
  ended: Promise<string>,
  signal: AbortSignal,
  lines: readonly string[],
): Promise<void> {
  const { files, httpPort } = options
  let over = false
  void ended.then(() => {
    over = true
  })
  const giveUpAt = performance.now() + READY_WITHIN_MS
  for (;;) {
    if (!over && (await askServer(httpPort, options, files.store)) === 'up') return
    if (over) throw explainFailure(files.directory, lines, files.log)
    signal.throwIfAborted()
    if (performance.now() > giveUpAt) {
      throw new MillraceError('store_unavailable', 'The local ClickHouse server does not answer', {
        hint: `Its log is ${files.log}.`,
      })
    }
    await Promise.race([sleep(READY_POLL_MS), ended])
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (status, signal) =>
      resolve(signal === null ? `status ${status}` : `signal ${signal}`),
    )
  })
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.stdin?.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(timer)
}
