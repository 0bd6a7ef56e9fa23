import { Readable } from 'node:stream'
import type { ClickHouseClient, ClickHouseSettings, DataFormat } from '@clickhouse/client'
import { MillraceError } from '../errors.ts'
import { type Answer, AS_IT_COMES, untilException } from './answer.ts'
import { type Connection, clientFor, type Endpoint, withStatus } from './client.ts'
import { type Cluster, clusterSettings, readShape } from './cluster.ts'
import type { Place } from './ddl.ts'
import { storeError } from './errors.ts'
import { checkWhole } from './whole-answer.ts'

export type { Endpoint } from './client.ts'

export interface DatabaseOptions extends Connection {
  /** Asked before each request: a local server that was restarted may have another port. */
  readonly endpoint: () => Endpoint
  /** The cluster that the endpoint is one server of; null, the default, for one server. */
  readonly cluster?: Cluster | null
}

export interface QueryOptions {
  /** Values of `{name:Type}` in the statement. */
  readonly params?: Readonly<Record<string, unknown>>
  readonly settings?: ClickHouseSettings
  readonly signal?: AbortSignal
}

/** How rows are encoded: one after the other, or as columns. */
export type InsertFormat = 'RowBinary' | 'Native'

/**
 * One ClickHouse database over HTTP. Several requests may run at the same time. Nothing is retried here: the caller
 * owns that. Every failure is a StoreError, which is a MillraceError `store_unavailable` or `store_refused`.
 */
export class Database {
  readonly #options: DatabaseOptions
  #client: ClickHouseClient | undefined
  #endpoint: Endpoint | undefined
  #clusterSettings: Promise<ClickHouseSettings> | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /** The name of the database, as the endpoint has it now. */
  get name(): string {
    return this.#options.endpoint().database
  }

  /** Where its tables are. */
  get place(): Place {
    return { database: this.name, cluster: this.#options.cluster ?? null }
  }

  /** Another server of the cluster, or another database of this one, by itself. Whoever asks for it closes it. */
  alone(endpoint: Partial<Endpoint>): Database {
    const elsewhere = (): Endpoint => ({ ...this.#options.endpoint(), ...endpoint })
    return new Database({ ...this.#options, endpoint: elsewhere, cluster: null })
  }

  /** The rows of a SELECT, as objects. */
  query<Row>(sql: string, options: QueryOptions = {}): Promise<Row[]> {
    return this.#guard(`querying (${outline(sql)})`, async () => {
      const client = this.#connect()
      const request = await this.#requestOf(client, options)
      const result = await client.query({ ...request, query: sql, format: 'JSONEachRow' })
      const rows = await result.json<Row>()
      checkWhole(rows.length, result.response_headers)
      return rows
    })
  }

  /** Runs a statement that answers nothing: DDL, INSERT … SELECT, ALTER. */
  async command(sql: string, options: QueryOptions = {}): Promise<void> {
    await this.compute(sql, options)
  }

  /** The same, for an INSERT … SELECT. @returns how many rows it read, as the server says; 0 when it does not */
  compute(sql: string, options: QueryOptions = {}): Promise<number> {
    return this.#guard(`running (${outline(sql)})`, async () => {
      const client = this.#connect()
      const { summary } = await client.command({ ...(await this.#requestOf(client, options)), query: sql })
      return Number(summary?.read_rows ?? 0)
    })
  }

  /**
   * Runs any statement, and gives its answer as it comes, so that an answer of any size can be passed on. The caller reads it to its end
   * or destroys it, which ends a query that only reads.
   *
   * @param format to answer in, unless the statement itself names one
   */
  answer(sql: string, format: DataFormat, options: QueryOptions = {}): Promise<Answer> {
    return this.#guard('ClickHouse', async () => {
      const client = this.#connect()
      const { clickhouse_settings, ...request } = await this.#requestOf(client, options)
      const { stream, response_headers } = await client.exec({
        ...request,
        clickhouse_settings: { ...AS_IT_COMES, ...clickhouse_settings, default_format: format },
        query: sql,
      })
      const named = response_headers['x-clickhouse-format']
      return {
        format: typeof named === 'string' ? named : undefined,
        body: untilException(stream, response_headers, (error) => storeError(error, 'ClickHouse')),
      }
    })
  }

  /**
   * Inserts rows that are encoded already, as RowBinary unless another format is named. Resolves when the server has acknowledged them.
   *
   * @param columns their names, in the order of the encoding
   * @param rows whole, or in pieces that follow each other; not to be changed before it resolves
   */
  insert(
    table: string,
    columns: readonly string[],
    rows: Uint8Array | readonly Uint8Array[],
    { format = 'RowBinary', ...options }: QueryOptions & { readonly format?: InsertFormat } = {},
  ): Promise<void> {
    return this.#guard(`inserting into ${table}`, async () => {
      const client = this.#connect()
      const { stream } = await client.exec({
        ...(await this.#requestOf(client, options)),
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from(rows instanceof Uint8Array ? [rows] : rows, { objectMode: false }),
      })
      // The answer is empty, but its socket is free only when it was read.
      await stream.resume().toArray()
    })
  }

  /** Creates the database where it is missing; the only request that does not need it. */
  createDatabase(): Promise<void> {
    const endpoint = this.#options.endpoint()
    return this.#guard(`creating the database ${endpoint.database}`, async () => {
      const client = clientFor({ ...endpoint, database: 'system' }, this.#options)
      try {
        const [found] = await client
          .query({
            query: 'SELECT count() > 0 AS found FROM databases WHERE name = {name:String}',
            query_params: { name: endpoint.database },
            format: 'JSONEachRow',
          })
          .then((result) => result.json<{ found: number }>())
        if (found?.found) return
        await client.command({
          query: 'CREATE DATABASE IF NOT EXISTS {name:Identifier}',
          query_params: { name: endpoint.database },
        })
      } finally {
        await client.close()
      }
    })
  }

  /** Resolves when the server answers a query under our credentials. */
  async ping(): Promise<void> {
    await this.query('SELECT 1')
  }

  async close(): Promise<void> {
    await this.#client?.close()
    this.#client = undefined
    this.#endpoint = undefined
  }

  /** What the cluster needs of a request is asked once for each connection; a failure to ask is one of the request. */
  async #requestOf(client: ClickHouseClient, options: QueryOptions): Promise<ReturnType<typeof requestOf>> {
    const { cluster } = this.place
    if (cluster === null) return requestOf(options)
    this.#clusterSettings ??= readShape(client, cluster).then((shape) => clusterSettings(cluster, shape))
    try {
      return requestOf({ ...options, settings: { ...(await this.#clusterSettings), ...options.settings } })
    } catch (error) {
      this.#clusterSettings = undefined
      throw error
    }
  }

  #guard<T>(what: string, request: () => Promise<T>): Promise<T> {
    return withStatus(request, (error, status) =>
      error instanceof MillraceError ? error : storeError(error, what, status),
    )
  }

  #connect(): ClickHouseClient {
    const endpoint = this.#options.endpoint()
    if (this.#client === undefined || !same(endpoint, this.#endpoint)) {
      // Requests under way on the old one belong to a server that is gone.
      void this.#client?.close()
      this.#client = clientFor(endpoint, this.#options)
      this.#endpoint = endpoint
      this.#clusterSettings = undefined
    }
    return this.#client
  }
}

function requestOf(options: QueryOptions): {
  query_params?: Record<string, unknown>
  clickhouse_settings?: ClickHouseSettings
  abort_signal?: AbortSignal
} {
  return {
    ...(options.params === undefined ? {} : { query_params: options.params }),
    ...(options.settings === undefined ? {} : { clickhouse_settings: options.settings }),
    ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
  }
}

function same(a: Endpoint, b: Endpoint | undefined): boolean {
  return a.url === b?.url && a.user === b.user && a.password === b.password && a.database === b.database
}

/** The first words of a statement, for a message. */
function outline(sql: string): string {
  const line = sql.trim().replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}
