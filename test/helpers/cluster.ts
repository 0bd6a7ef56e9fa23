import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalClickHouse, openLocalClickHouse } from '../../src/clickhouse/local-clickhouse.ts'
import type { Cluster } from '../../src/store/cluster.ts'
import type { Endpoint } from '../../src/store/database.ts'
import { clickHouseOptions } from './clickhouse-options.ts'
import { freePorts } from './ports.ts'

/** Real servers on this machine that are the shards of a cluster: without Keeper, so without replicas. */
export interface TestCluster {
  /** As the store is told of it. */
  readonly cluster: Cluster
  /** The same without the last shard. */
  readonly smaller: Cluster
  /** Where each shard answers, in the order of the shards. */
  readonly endpoints: readonly Endpoint[]
  /** Ends the server of a shard; its data stay. */
  stop(shard: number): Promise<void>
  /** Starts it again, on the same ports. */
  start(shard: number): Promise<void>
  close(): Promise<void>
}

const NAME = 'millrace_test'
const SMALLER = 'millrace_test_smaller'
const PASSWORD = 'cluster-secret'

export async function startTestCluster(shards: number): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-cluster-'))
  const httpPorts = await freePorts(shards)
  const nativePorts = await freePorts(shards)
  const servers: (LocalClickHouse | undefined)[] = []
  const serverUrls = httpPorts.map((port) => `http://127.0.0.1:${port}`)
  const cluster: TestCluster = {
    cluster: { name: NAME, replicated: false, serverUrls },
    smaller: { name: SMALLER, replicated: false, serverUrls: serverUrls.slice(0, -1) },
    endpoints: serverUrls.map((url) => ({
      url,
      user: 'millrace',
      password: PASSWORD,
      database: 'millrace',
    })),
    async stop(shard) {
      await servers[shard]?.close()
      servers[shard] = undefined
    },
    async start(shard) {
      servers[shard] = await openLocalClickHouse(
        clickHouseOptions(join(directory, `shard-${shard + 1}`), {
          password: PASSWORD,
          httpPort: httpPorts[shard]!,
          nativePort: nativePorts[shard]!,
          clusters: [
            { name: NAME, nativePorts },
            { name: SMALLER, nativePorts: nativePorts.slice(0, -1) },
          ],
        }),
      )
    },
    async close() {
      await Promise.all(servers.map((server) => server?.close()))
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
  try {
    await Promise.all(httpPorts.map((_, shard) => cluster.start(shard)))
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}
