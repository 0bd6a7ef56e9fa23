import type { Database } from './database.ts'
import { onCluster } from './ddl.ts'

/**
 * Runs DDL where tables are to change: on the one server, or on every server of the cluster. With Keeper the statement says so itself
 * (onCluster() in ddl.ts) and one server hands it to all; without, each of them is asked. When it fails some may have done it, so it must
 * be a statement that may be repeated.
 */
export function commandEverywhere(db: Database, sql: string): Promise<void> {
  return onEach(db, (server) => server.command(sql))
}

/** Creates the database where it is missing. */
export async function createDatabase(db: Database): Promise<void> {
  const { cluster, database } = db.place
  if (!cluster?.replicated) return onEach(db, (server) => server.createDatabase())
  const system = db.alone({ database: 'system' })
  try {
    const [found] = await system.query<{ everywhere: number }>(
      `SELECT count() = (SELECT count() FROM system.clusters WHERE cluster = {cluster:String}) AS everywhere
       FROM clusterAllReplicas({cluster:String}, system.databases) WHERE name = {database:String}`,
      { params: { cluster: cluster.name, database } },
    )
    // Somebody else may have created it, for a user that may not.
    if (found?.everywhere) return
    await system.command(`CREATE DATABASE IF NOT EXISTS ${database}${onCluster(db.place)}`)
  } finally {
    await system.close()
  }
}

async function onEach(db: Database, run: (server: Database) => Promise<void>): Promise<void> {
  const { cluster } = db.place
  if (cluster === null || cluster.replicated) return run(db)
  await Promise.all(
    cluster.serverUrls.map((url) => {
      const server = db.alone({ url })
      return run(server).finally(() => server.close())
    }),
  )
}
