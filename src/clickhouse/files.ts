import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MillraceError, messageOf } from '../errors.ts'

/** The files of the local server, all in one directory that only their owner may enter. */
export interface ServerFiles {
  readonly directory: string
  /** ClickHouse's own directory. */
  readonly store: string
  readonly config: string
  readonly users: string
  readonly log: string
  /** Where the server that runs answers; written by the process that started it. */
  readonly address: string
  /** The generated password of the program's user. */
  readonly password: string
}

export function serverFiles(dataDir: string): ServerFiles {
  const directory = resolve(dataDir, 'clickhouse')
  const file = (name: string): string => join(directory, name)
  return {
    directory,
    store: file('store'),
    config: file('config.xml'),
    users: file('users.xml'),
    log: file('server.log'),
    address: file('address.json'),
    password: file('password'),
  }
}

/** @throws MillraceError `file_unusable` */
export async function makeDirectory(path: string): Promise<void> {
  await usable(path, mkdir(path, { recursive: true, mode: 0o700 }))
}

/**
 * Replaces a file in one step, readable by its owner only.
 *
 * @throws MillraceError `file_unusable`
 */
export async function writeSecret(path: string, text: string): Promise<void> {
  const draft = draftOf(path)
  await usable(path, writeFile(draft, text, { mode: 0o600 }))
  await usable(path, rename(draft, path))
}

/**
 * The generated password in this file, made when there is none. Two processes that do so at once get the same one.
 *
 * @throws MillraceError `file_unusable`
 */
export async function readOrMakePassword(path: string): Promise<string> {
  const draft = draftOf(path)
  await usable(path, writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600 }))
  try {
    await link(draft, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, cause)
  } finally {
    await rm(draft, { force: true })
  }
  const password = (await usable(path, readFile(path, 'utf8'))).trim()
  if (password === '') {
    throw new MillraceError('file_unusable', `The password file ${path} is empty`, {
      hint: 'Delete it, and a new password is made.',
    })
  }
  return password
}

/** Where a server answers, as its owner left it. */
export interface Address {
  readonly httpPort: number
  /** 0 when the native port does not listen. */
  readonly nativePort: number
  /** The process that started the server and ends it. */
  readonly ownerPid: number
}

/** The address that was left last; undefined without one, and the server it names may be gone. */
export async function readAddress(path: string): Promise<Address | undefined> {
  try {
    const { httpPort, nativePort, ownerPid } = JSON.parse(await readFile(path, 'utf8'))
    const numbers = [httpPort, nativePort, ownerPid].every(Number.isSafeInteger)
    return numbers ? { httpPort, nativePort, ownerPid } : undefined
  } catch {
    return undefined
  }
}

function draftOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
}

async function usable<T>(path: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (cause) {
    throw unusable(path, cause)
  }
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Give the user that runs Millrace the right to read and write there, or set MILLRACE_DATA_DIR.',
  EPERM: 'Give the user that runs Millrace the right to read and write there, or set MILLRACE_DATA_DIR.',
  EROFS: 'The file system is read-only; set MILLRACE_DATA_DIR to a directory that can be written.',
  ENOTDIR: 'A file is where a directory should be; set MILLRACE_DATA_DIR to a directory.',
  EEXIST: 'A file is where a directory should be; set MILLRACE_DATA_DIR to a directory.',
  ENOSPC: 'The disk is full: make room.',
}

function unusable(path: string, cause: unknown): MillraceError {
  const hint =
    HINTS[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'Look at the data directory, MILLRACE_DATA_DIR.'
  return new MillraceError('file_unusable', `${path} cannot be used: ${messageOf(cause)}`, { hint, cause })
}
