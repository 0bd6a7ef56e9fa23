import { openLocalClickHouse } from '../../src/clickhouse/local-clickhouse.ts'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { applyRetention, type Retention } from '../../src/store/retention.ts'
import { clickHouseOptions } from '../../test/helpers/clickhouse-options.ts'
import { usageOfTree } from './processes.ts'
import { removeTemporary, temporaryDirectory } from './temporary.ts'

export interface BenchStoreOptions {
  /** The server's limit. */
  readonly memoryBytes: number
  /** 0 keeps for ever. */
  readonly rawTtlDays: number
  readonly minuteTtlDays: number
}

const STATEMENT_MS = 600_000

/** A local ClickHouse with our tables in it and nothing else of the program. */
export class BenchStore implements AsyncDisposable {
  readonly db: Database
  readonly retention: Retention
  readonly dataDir: string
  readonly #close: () => Promise<void>

  private constructor(db: Database, retention: Retention, dataDir: string, close: () => Promise<void>) {
    this.db = db
    this.retention = retention
    this.dataDir = dataDir
    this.#close = close
  }

  static async open(options: Partial<BenchStoreOptions> = {}): Promise<BenchStore> {
    const { memoryBytes = 4 * 2 ** 30, rawTtlDays = 0, minuteTtlDays = 0 } = options
    await using undo = new AsyncDisposableStack()
    const dataDir = await temporaryDirectory('store')
    undo.defer(() => removeTemporary(dataDir))
    const server = await openLocalClickHouse(clickHouseOptions(dataDir, { memoryBytes }))
    undo.defer(() => server.close())
    const db = new Database({ endpoint: () => server.endpoint(), timeoutMs: STATEMENT_MS })
    undo.defer(() => db.close())
    await migrate(db)
    const retention = await applyRetention(db, { rawTtlDays, minuteTtlDays }, Date.now())
    const close = undo.move()
    return new BenchStore(db, retention, dataDir, () => close.disposeAsync())
  }

  /** The server's process. */
  get pids(): readonly number[] {
    return usageOfTree(process.pid).flatMap(({ pid, name }) => (name === 'ClickHouse' ? [pid] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}
