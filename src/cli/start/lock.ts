import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../errors.ts'
import { isRunning, type ProcessIdentity, thisProcess } from '../../process/identity.ts'

/**
 * Makes this process the only `millrace start` of a data directory.
 *
 * @returns gives that up
 * @throws MillraceError `already_running` with the pid of the other one, `file_unusable`
 */
export function lockDataDirectory(dataDir: string): () => void {
  const file = join(dataDir, 'start.lock')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(dataDir, error)
  }
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(thisProcess()), { flag: 'wx', mode: 0o600 })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(dataDir, error)
    }
    const owner = readOwner(file)
    if (owner && isRunning(owner)) {
      throw new MillraceError(
        'already_running',
        `Millrace runs already on ${dataDir}, as process ${owner.pid}`,
        {
          hint: 'Use it, end it with Ctrl-C, or start another one with another MILLRACE_DATA_DIR and other ports.',
        },
      )
    }
    rmSync(file, { force: true })
  }
}

function readOwner(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    // Cut off by a crash, or given up at this moment.
    return undefined
  }
}

function unusable(dataDir: string, error: unknown): MillraceError {
  return new MillraceError(
    'file_unusable',
    `the data directory ${dataDir} cannot be used: ${messageOf(error)}`,
    {
      cause: error,
      hint: 'Give a directory that this user may write in MILLRACE_DATA_DIR.',
    },
  )
}
