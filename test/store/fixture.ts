import { randomUUID } from 'node:crypto'
import { after, before, type TestContext } from 'node:test'
import { Database, type Endpoint } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type ScratchServer, startScratchServer } from './scratch-server.ts'

/** A real server for the tests of one file, and a database of its own for each of them. */
export interface StoreFixture {
  endpoint(): Endpoint
  /** A database with all tables, closed when the test is over. */
  database(t: TestContext): Promise<Database>
  /** The same without tables, and not even created. */
  nothing(t: TestContext): Database
}

export function storeFixture(): StoreFixture {
  let server: ScratchServer | undefined
  before(async () => {
    server = await startScratchServer()
  })
  after(() => server?.stop())
  const endpoint = (): Endpoint => {
    if (server === undefined) throw new Error('the server has not been started')
    return server.endpoint
  }
  const nothing = (t: TestContext): Database => {
    const own = { ...endpoint(), database: `test_${randomUUID().replaceAll('-', '')}` }
    const db = new Database({ endpoint: () => own })
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
