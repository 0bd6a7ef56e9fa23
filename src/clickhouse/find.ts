import { readFile } from 'node:fs/promises'
import { MillraceError } from '../errors.ts'
import type { Endpoint } from '../store/database.ts'
import { askServer } from './ask.ts'
import { type Address, readAddress, type ServerFiles, serverFiles } from './files.ts'

/**
 * Where the server of these files answers; undefined when none does.
 *
 * @throws MillraceError `store_refused` when the server that runs does not take the credentials
 */
export async function findServer(
  files: ServerFiles,
  credentials: { readonly user: string; readonly password: string },
): Promise<Address | undefined> {
  const address = await readAddress(files.address)
  if (!address) return undefined
  const answer = await askServer(address.httpPort, credentials, files.store)
  if (answer === 'refused' && isAlive(address.ownerPid)) {
    throw new MillraceError(
      'store_refused',
      `The ClickHouse server of ${files.directory} (run by process ${address.ownerPid}) does not take user "${credentials.user}" with this password`,
      {
        hint: 'Give all processes on one data directory the same MILLRACE_CLICKHOUSE_USER and MILLRACE_CLICKHOUSE_PASSWORD.',
      },
    )
  }
  return answer === 'up' ? address : undefined
}

/**
 * The local server of a data directory, when it runs. Nothing is started, and nothing is made.
 *
 * @param options.password empty: the one in the data directory
 * @throws MillraceError `store_refused` when it does not take the credentials
 */
export async function findLocalClickHouse(
  options: Pick<Endpoint, 'user' | 'password' | 'database'> & { readonly dataDir: string },
): Promise<Endpoint | undefined> {
  const { user, database, dataDir } = options
  const files = serverFiles(dataDir)
  const kept = async (): Promise<string> => (await readFile(files.password, 'utf8').catch(() => '')).trim()
  const password = options.password || (await kept())
  const address = await findServer(files, { user, password })
  return address && { url: `http://127.0.0.1:${address.httpPort}`, user, password, database }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
