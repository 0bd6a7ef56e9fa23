import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { MillraceError } from '../errors.ts'

/** Servers that hold the tables together. docs/clickhouse-cluster.md */
export interface Cluster {
  /** As `remote_servers` of the ClickHouse servers calls it. */
  readonly name: string
  /** Whether its tables are replicated, which needs Keeper. If not, each shard is one server. */
  readonly replicated: boolean
  /** Where each server answers over HTTP. Used only without Keeper, which otherwise hands DDL to all servers. */
  readonly serverUrls: readonly string[]
}

/** Shards of a cluster, as ClickHouse knows them. */
export interface Shape {
  readonly shards: number
  /** Of each shard. */
  readonly replicas: number
}

/**
 * Settings of every request to a cluster. None may be left to a server's own profile: with another value of
 * any of them, numbers could become wrong without an error.
 */
export function clusterSettings(cluster: Cluster, { replicas }: Shape): ClickHouseSettings {
  return {
    // An insert is acknowledged when the shards have it, not when it waits in a queue of the server that took it.
    distributed_foreground_insert: 1,
    // Of a subquery each shard gets the answer of all shards, unless a statement knows better.
    distributed_product_mode: 'global',
    // And when it has it, it is written: it does not wait there for others to be written with.
    async_insert: 0,
    // INSERT … SELECT puts together what the shards answer. Otherwise each shard inserts its own part of a group as if it were all.
    parallel_distributed_insert_select: '0',
    // A shard that is away is an error, not a smaller number.
    skip_unavailable_shards: 0,
    ...(cluster.replicated ? replicaSettings(replicas) : {}),
  }
}

/** docs/decisions/0005-clickhouse-cluster.md says why. */
function replicaSettings(replicas: number): ClickHouseSettings {
  return {
    // An acknowledged row is on every replica, so whichever answers has all of them.
    insert_quorum: String(replicas),
    insert_quorum_parallel: 1,
    // Less than a request may take: a replica that is away has to be an error before the connection is given up.
    insert_quorum_timeout: 30_000,
    // An insert that is tried again waits for its own quorum, not for that of the part it repeats. Repeats are harmless.
    insert_deduplicate: 0,
    // Whichever server is asked, the same replica of each shard answers: the first that is there.
    load_balancing: 'in_order',
    prefer_localhost_replica: 0,
    distributed_ddl_task_timeout: '50',
  }
}

/**
 * Asks the server what it knows of the cluster.
 *
 * @throws MillraceError `store_refused` when it does not know the cluster, or knows it as something the tables can't be on
 */
export async function readShape(client: ClickHouseClient, cluster: Cluster): Promise<Shape> {
  const answer = await client.query({
    query: `SELECT count() AS replicas, min(internal_replication) AS internal
      FROM system.clusters WHERE cluster = {cluster:String} GROUP BY shard_num`,
    query_params: { cluster: cluster.name },
    format: 'JSONEachRow',
  })
  return shapeOf(cluster, await answer.json<ShardRow>())
}

export interface ShardRow {
  readonly replicas: number
  /** Whether replicas pass on to each other what one of them was given. */
  readonly internal: number
}

/** What the rows of system.clusters come to; one row for each shard. */
export function shapeOf(cluster: Cluster, rows: readonly ShardRow[]): Shape {
  const [first, ...others] = rows
  if (first === undefined) {
    throw refused(
      `the server knows no cluster ${cluster.name}`,
      'Check MILLRACE_CLICKHOUSE_CLUSTER against `SELECT DISTINCT cluster FROM system.clusters`.',
    )
  }
  const { replicas } = first
  if (!cluster.replicated && rows.some((row) => row.replicas > 1)) {
    throw refused(
      `MILLRACE_CLICKHOUSE_REPLICATED is off, and shards of the cluster ${cluster.name} have replicas`,
      'Set it to on, or name a cluster in which each shard is one server.',
    )
  }
  if (!cluster.replicated && cluster.serverUrls.length !== rows.length) {
    throw refused(
      `the cluster ${cluster.name} has ${rows.length} shards, MILLRACE_CLICKHOUSE_SHARD_URLS names ${cluster.serverUrls.length}`,
      'Name the address of each shard once.',
    )
  }
  if (others.some((row) => row.replicas !== replicas)) {
    throw refused(
      `the shards of the cluster ${cluster.name} do not have the same number of replicas`,
      'Rows are acknowledged when all replicas have them, and the number is the same for all shards.',
    )
  }
  if (cluster.replicated && rows.some(({ internal }) => internal === 0)) {
    throw refused(
      `internal_replication is not set for the cluster ${cluster.name}`,
      'Set <internal_replication>true</internal_replication> for each shard in remote_servers: the tables replicate by themselves.',
    )
  }
  return { shards: rows.length, replicas }
}

function refused(message: string, hint: string): MillraceError {
  return new MillraceError('store_refused', message, { hint })
}
