import { AGGREGATE_TABLES } from '../store/aggregate-tables.ts'
import type { Database } from '../store/database.ts'

/**
 * Versions of computations: the server's clock in nanoseconds, and on a cluster the latest of the shards' clocks, so that it is the
 * same clock whichever server is asked. Of two computations of a window the one that began later
 * wins, and it saw more. A version is taken after the marks have been read and before anything is computed: so whoever
 * has a higher version than a computation that settled a mark began after that mark's rows were there.
 */
export class Versions {
  readonly #db: Database
  #last: bigint | undefined

  constructor(db: Database) {
    this.#db = db
  }

  /** Higher than every version before, also when the server's clock was set back. */
  async next(): Promise<bigint> {
    const { cluster } = this.#db.place
    const clocks = cluster === null ? '' : ` FROM cluster('${cluster.name}', view(SELECT now64(9) AS clock))`
    const [row] = await this.#db.query<{ now: string }>(
      `SELECT toString(toUnixTimestamp64Nano(${cluster === null ? 'now64(9)' : 'max(clock)'})) AS now${clocks}`,
    )
    const now = BigInt(row!.now)
    const last = this.#last ?? (await this.#highestWritten())
    this.#last = now > last ? now : last + 1n
    return this.#last
  }

  async #highestWritten(): Promise<bigint> {
    const tables = Object.values(AGGREGATE_TABLES).map(
      ({ breakdowns }) => `SELECT max(version) AS v FROM ${breakdowns}`,
    )
    const [row] = await this.#db.query<{ highest: string }>(
      `SELECT toString(max(v)) AS highest FROM (${tables.join(' UNION ALL ')})`,
    )
    return BigInt(row!.highest)
  }
}
