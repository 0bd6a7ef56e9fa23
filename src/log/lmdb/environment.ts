import { closeSync, existsSync, mkdirSync, openSync, readSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { MillraceError, messageOf } from '../../errors.ts'
import { Gate } from './gate.ts'

export type Environment = RootDatabase<unknown, Buffer>
export type Table = Database<Buffer, Buffer>

/**
 * Opens an LMDB environment in a directory of its own, made when it is missing, for its owner only.
 *
 * Transactions are LMDB's plain ones: committed is durable. lmdb-js can also overlap the synchronisation with the
 * next transaction and run transactions on a thread; neither is used, because what is acknowledged here must survive the
 * machine, and because append-queue.ts shares a synchronisation between appends already.
 *
 * @throws MillraceError `file_unusable`
 */
export function openEnvironment(path: string): Environment {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    checkMagic(join(path, 'data.mdb'))
    const gate = new Gate(join(path, 'gate'))
    const environment = gate.hold(() =>
      open<unknown, Buffer>({
        path,
        noSubdir: false,
        maxDbs: 16,
        keyEncoding: 'binary',
        encoding: 'binary',
        overlappingSync: false,
      }),
    )
    return behind(gate, environment, path)
  } catch (error) {
    throw new MillraceError(
      'file_unusable',
      `the directory ${path} cannot be opened as a log: ${messageOf(error)}`,
      {
        cause: error,
        hint: 'It must be a directory that this user may write, made by Millrace or empty.',
      },
    )
  }
}

/** Every transaction goes through the gate; making a table is one. */
function behind(gate: Gate, environment: Environment, path: string): Environment {
  const { transactionSync, openDB, close } = environment
  return Object.assign(environment, {
    transactionSync(...args: Parameters<typeof transactionSync>) {
      if (hasNoRoom(path)) throw logFull('a transaction', path, 'not begun')
      return gate.hold(() => transactionSync.apply(environment, args))
    },
    openDB: (...args: Parameters<typeof openDB>) => gate.hold(() => openDB.apply(environment, args)),
    async close() {
      await close.call(environment)
      await gate.close()
    },
  })
}

/** LMDB opens whatever has its name and then crashes the process. Its first page has this number behind the page's header. */
const MAGIC = 0xbe_ef_c0_de
const MAGIC_AT = 24

function checkMagic(file: string): void {
  if (!existsSync(file)) return
  const fd = openSync(file, 'r')
  try {
    const head = Buffer.alloc(MAGIC_AT + 4)
    const length = readSync(fd, head, 0, head.length, 0)
    if (length > 0 && head.readUInt32LE(MAGIC_AT) !== MAGIC) throw new Error('data.mdb is no LMDB database')
  } finally {
    closeSync(fd)
  }
}

export function openTable(environment: Environment, name: string): Table {
  return environment.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' })
}

/**
 * Less room than this on a disk is none. LMDB says "Input/output error" when a write was cut short; and what lmdb-js 3.5.6 says when one
 * failed can be longer than the memory it has for it (mdb_page_flush in mdb.c), which ends the process.
 */
const NO_ROOM_BYTES = 2 * 2 ** 20

/**
 * What went wrong in a transaction, for the callers of the port.
 *
 * @param directory where the environment is
 */
export function logError(error: unknown, what: string, directory: string): MillraceError {
  if (error instanceof MillraceError) return error
  const message = messageOf(error)
  if (/MDB_MAP_FULL|No space left|ENOSPC|Disk quota/i.test(message) || hasNoRoom(directory)) {
    return logFull(what, directory, message, error)
  }
  return new MillraceError('log_unavailable', `${what} in ${directory}: ${message}`, { cause: error })
}

function logFull(what: string, directory: string, message: string, cause?: unknown): MillraceError {
  return new MillraceError('log_full', `${what}: the disk of ${directory} is full (${message})`, {
    cause,
    hint: 'Make room there, or keep less: MILLRACE_LOG_RETENTION, MILLRACE_LOG_RETENTION_BYTES.',
  })
}

function hasNoRoom(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < NO_ROOM_BYTES
  } catch {
    return false
  }
}

export function numberToBytes(n: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt(n))
  return bytes
}

export function bytesToNumber(bytes: Buffer | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(bytes.readBigUInt64BE())
}
