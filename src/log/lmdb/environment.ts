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
    homes.set(environment, { directory: path, gate })
    return environment
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

/** What belongs to an environment. Transactions go through the gate, and making a table is one. */
interface Home {
  readonly directory: string
  readonly gate: Gate
}

const homes = new WeakMap<Environment, Home>()

export async function closeEnvironment(environment: Environment): Promise<void> {
  await environment.close()
  await homes.get(environment)!.gate.close()
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
  const { gate } = homes.get(environment)!
  return gate.hold(() =>
    environment.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' }),
  )
}

/** Less room than this on a disk is none: LMDB says "Input/output error" when a write was cut short. */
const NO_ROOM_BYTES = 2 ** 20

/** What a transaction may write beside its data: pages of trees and of the list of free ones. */
const RESERVE_BYTES = 2 * NO_ROOM_BYTES

/**
 * Runs a transaction; what it wrote is durable when it returns.
 *
 * On a full disk it is not begun: when a write fails, the LMDB that lmdb-js brings (3.5) prints its error beyond the end of a buffer of 100
 * bytes, and the process crashes sooner or later.
 *
 * @param bytes of data, about
 * @throws MillraceError `log_full`, and what `run` throws; then nothing of it stays
 */
export function transact<T>(environment: Environment, run: () => T, bytes = 0): T {
  const { directory, gate } = homes.get(environment)!
  // Twice, since what is replaced is written elsewhere first.
  if (hasNoRoom(directory, RESERVE_BYTES + 2 * bytes)) throw diskFull(`writing ${bytes} bytes`, directory)
  return gate.hold(() => environment.transactionSync(run))
}

/**
 * What went wrong in a transaction, for the callers of the port.
 *
 * @param directory where the environment is
 */
export function logError(error: unknown, what: string, directory: string): MillraceError {
  if (error instanceof MillraceError) return error
  const message = messageOf(error)
  if (/MDB_MAP_FULL|No space left|ENOSPC|Disk quota/i.test(message) || hasNoRoom(directory, NO_ROOM_BYTES)) {
    return diskFull(`${what} (${message})`, directory, error)
  }
  return new MillraceError('log_unavailable', `${what} in ${directory}: ${message}`, { cause: error })
}

function diskFull(what: string, directory: string, cause?: unknown): MillraceError {
  return new MillraceError('log_full', `${what}: the disk of ${directory} is full`, {
    ...(cause !== undefined && { cause }),
    hint: 'Make room there, or keep less: MILLRACE_LOG_RETENTION, MILLRACE_LOG_RETENTION_BYTES.',
  })
}

function hasNoRoom(directory: string, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < bytes
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
