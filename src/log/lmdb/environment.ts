import { mkdirSync } from 'node:fs'
import { type Database, open, type RootDatabase } from 'lmdb'
import { MillraceError, messageOf } from '../../errors.ts'

export type Environment = RootDatabase<unknown, Buffer>
export type Table = Database<Buffer, Buffer>

/**
 * Opens an LMDB environment in a directory of its own, made when it is missing, for its owner only.
 *
 * Transactions are LMDB's plain ones: committed is durable. lmdb-js can also overlap the synchronisation with the
 * next transaction and run transactions on a thread; neither is used, because what is acknowledged here must survive the
 * machine, and because group-commit.ts shares a synchronisation between appends already.
 *
 * @param mapBytes how large the file may grow; for tests of a full disk
 * @throws MillraceError `file_unusable`
 */
export function openEnvironment(path: string, mapBytes?: number): Environment {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return open<unknown, Buffer>({
      path,
      noSubdir: false,
      maxDbs: 16,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      ...(mapBytes === undefined ? {} : { mapSize: mapBytes }),
    })
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

export function openTable(environment: Environment, name: string): Table {
  return environment.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' })
}

/** What went wrong in a transaction, for the callers of the port. */
export function logError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error
  const message = messageOf(error)
  const full = /MDB_MAP_FULL|No space left|ENOSPC|Disk quota/i.test(message)
  return full
    ? new MillraceError('log_full', `${what}: the event log has no room: ${message}`, {
        cause: error,
        hint: 'Make room on its disk, or keep less: MILLRACE_LOG_RETENTION, MILLRACE_LOG_RETENTION_BYTES.',
      })
    : new MillraceError('log_unavailable', `${what}: ${message}`, { cause: error })
}

export function numberToBytes(n: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt(n))
  return bytes
}

export function bytesToNumber(bytes: Buffer | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(bytes.readBigUInt64BE())
}
