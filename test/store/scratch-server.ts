import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '../../src/store/database.ts'
import { freePorts } from '../helpers/ports.ts'
import { eventually } from '../helpers/wait.ts'

/** A ClickHouse server of a test's own. */
export interface ScratchServer {
  readonly endpoint: Endpoint
  stop(): Promise<void>
}

const PASSWORD = 'scratch'

/**
 * Starts a real server in a temporary directory; it ends with this process at the latest, when its standard input closes.
 *
 * @param users more users, as XML for the file of users
 */
export async function startScratchServer(users = ''): Promise<ScratchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  const [port] = await freePorts(1)
  const usersFile = join(directory, 'users.xml')
  const config = join(directory, 'config.xml')
  await writeFile(
    usersFile,
    `<clickhouse><profiles><default/></profiles><users>
      <default><password/><networks><ip>127.0.0.1</ip></networks></default>
      <millrace><password>${PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>
        <grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></millrace>${users}
    </users></clickhouse>`,
  )
  await writeFile(
    config,
    `<clickhouse><listen_host>127.0.0.1</listen_host><http_port>${port}</http_port>
      <max_server_memory_usage>2147483648</max_server_memory_usage><users_config>${usersFile}</users_config></clickhouse>`,
  )
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'scratch-process.ts'), directory, config],
    {
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await eventually('the server to answer', async () => (await fetch(`${url}/ping`)).ok)
  return {
    endpoint: { url, user: 'millrace', password: PASSWORD, database: 'millrace' },
    async stop() {
      child.stdin.end()
      await ended
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
