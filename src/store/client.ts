import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent } from 'node:https'
import { rootCertificates } from 'node:tls'
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client'

/** Where the store is and as whom to use it. */
export interface Endpoint {
  /** `http://host:port` */
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
}

/** How to speak with it. */
export interface Connection {
  /** How long one request may take, in milliseconds. A minute by default. */
  readonly timeoutMs?: number
  /** Requests at the same time; more wait for their turn. 8 by default. */
  readonly maxConnections?: number
  /** Whether bodies of requests and answers are compressed. */
  readonly compress?: boolean
  /** Contents of PEM files: authorities to trust instead of Node's, and the certificate and key of this client. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/**
 * Settings of every request. An error that comes late must not hide behind a status of 200, and UInt64 comes as
 * a number: counts and sums stay far below 2^53, and what does not is asked for as text. An insert is written when it is
 * acknowledged: newer servers gather inserts by default, and a user's profile may say not to wait for them.
 */
const SETTINGS: ClickHouseSettings = {
  wait_end_of_query: 1,
  output_format_json_quote_64bit_integers: 0,
  async_insert: 0,
}

/** Zstandard at its fastest: a third of the bytes for some microseconds a kilobyte. */
const COMPRESSION = {
  response: { codec: 'zstd' },
  request: { codec: 'zstd', level: 1 },
} as const

const CONNECTIONS = 8

export function clientFor(endpoint: Endpoint, connection: Connection): ClickHouseClient {
  return createClient({
    url: endpoint.url,
    username: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    application: 'millrace',
    request_timeout: connection.timeoutMs ?? 60_000,
    max_open_connections: connection.maxConnections ?? CONNECTIONS,
    clickhouse_settings: SETTINGS,
    ...(connection.compress ? { compression: COMPRESSION } : {}),
    ...tlsOf(endpoint, connection),
    log: { level: ClickHouseLogLevel.DEBUG, LoggerClass: StatusListener },
  })
}

/**
 * With a certificate and a password, the certificate is for the connection, and whoever ends it, and the password for ClickHouse. With a
 * certificate alone ClickHouse is asked to take it for the password, as the client does on its own.
 */
function tlsOf({ password }: Endpoint, { tls, maxConnections }: Connection) {
  if (!tls) return {}
  const { ca, cert, key } = tls
  if (password === '' && cert !== undefined && key !== undefined) {
    const authorities = Buffer.from(ca ?? rootCertificates.join('\n'))
    return { tls: { ca_cert: authorities, cert: Buffer.from(cert), key: Buffer.from(key) } }
  }
  return { http_agent: new Agent({ ...tls, keepAlive: true, maxSockets: maxConnections ?? CONNECTIONS }) }
}

const answers = new AsyncLocalStorage<{ status: number | undefined }>()

/**
 * Runs requests of the client; when they fail, the error is made with the status of the last answer. The client's own errors do not
 * have it, and an answer that is not ClickHouse's says little else.
 */
export async function withStatus<T>(
  request: () => Promise<T>,
  failed: (error: unknown, status: number | undefined) => Error,
): Promise<T> {
  const answer: { status: number | undefined } = { status: undefined }
  try {
    return await answers.run(answer, request)
  } catch (error) {
    throw failed(error, answer.status)
  }
}

/** Not for a log: the client tells its logger the status of each answer, and nobody else. */
class StatusListener {
  debug({ args }: { args?: Record<string, unknown> }): void {
    const answer = answers.getStore()
    if (answer && typeof args?.response_status === 'number') answer.status = args.response_status
  }
  trace(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}
