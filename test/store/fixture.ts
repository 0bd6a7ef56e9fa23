import { randomUUID } from 'node:crypto'
import { after, before, type TestContext } from 'node:test'
import type { Cluster } from '../../src/store/cluster.ts'
import { Database, type Endpoint } from '../../src/store/database.ts'
import { rowsTable } from '../../src/store/ddl.ts'
import { commandEverywhere } from '../../src/store/everywhere.ts'
import { migrate } from '../../src/store/migrate.ts'
import { startTestCluster } from '../helpers/cluster.ts'
import { type ScratchServer, startScratchServer } from './scratch-server.ts'

/** A real server for the tests of one file, and a database of its own for each of them. */
export interface StoreFixture {
  endpoint(): Endpoint
  /** A database with all tables, closed when the test is over. */
  database(t: TestContext): Promise<Database>
  /** The same without tables, and not even created. */
  nothing(t: TestContext): Database
}

/** Set by those who run tests of one server on a cluster of so many shards: test/cluster/store.test.ts. */
const SHARDS = 'MILLRACE_TEST_SHARDS'

type Servers = ScratchServer & { readonly cluster: Cluster | null }

export function storeFixture(): StoreFixture {
  let server: Servers | undefined
  before(async () => {
    const shards = Number(process.env[SHARDS] ?? 1)
    server = shards === 1 ? { ...(await startScratchServer()), cluster: null } : await startCluster(shards)
  })
  after(() => server?.stop())
  const endpoint = (): Endpoint => {
    if (server === undefined) throw new Error('the server has not been started')
    return server.endpoint
  }
  const nothing = (t: TestContext): Database => {
    const own = { ...endpoint(), database: `test_${randomUUID().replaceAll('-', '')}` }
    const db = new Database({ endpoint: () => own, cluster: server?.cluster ?? null })
    t.after(() => db.close())
    return db
  }
  return {
    endpoint,
    nothing,
    async database(t) {
      const db = nothing(t)
      await migrate(db)
      return db
    },
  }
}

/** How often a property is tried: on a cluster a third as often, since each try takes longer and the other runs were on one server. */
export function tries(onOneServer: number): number {
  return process.env[SHARDS] === undefined ? onOneServer : Math.ceil(onOneServer / 3)
}

/** Takes all rows of a table away, on every server that has some. */
export function truncate(db: Database, table: string): Promise<void> {
  return commandEverywhere(db, `TRUNCATE TABLE ${rowsTable(table, db.place)}`)
}

async function startCluster(shards: number): Promise<Servers> {
  const started = await startTestCluster(shards)
  return { endpoint: started.endpoints[0]!, cluster: started.cluster, stop: () => started.close() }
}
