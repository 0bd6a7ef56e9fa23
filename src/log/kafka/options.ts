import { isIP } from 'node:net'
import type { BaseOptions, SASLMechanismValue } from '@platformatic/kafka'

export interface KafkaLogOptions {
  /** Some of the brokers: host:port. The others are found through them. */
  readonly brokers: readonly string[]
  readonly topic: string
  /** Of a topic that is new; one that exists keeps its number. 6 by default. */
  readonly partitions?: number
  /** Copies of each partition of a new topic; 0, the default, leaves it to the brokers. */
  readonly replicas?: number
  /** Whether a missing topic is created. True by default. */
  readonly createTopic?: boolean
  /** How the brokers' logs call this program. */
  readonly clientId?: string
  /** `none` by default. */
  readonly compression?: Compression
  /** Whether what is sent goes in transactions: what fails is then not read. False by default. */
  readonly transactions?: boolean
  /** `auto` by default: `consumer` where the brokers offer it, `classic` elsewhere. */
  readonly groupProtocol?: GroupProtocol
  /** After how long without a sign of life a member loses its partitions, in milliseconds. With `consumer` the brokers decide. */
  readonly sessionTimeoutMs?: number
  /** A name that no other member of the group has: its partitions wait for it while it restarts (static membership). */
  readonly instanceId?: string
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** `consumer` is the protocol of KIP-848, in Kafka 4: the brokers assign partitions, one by one. */
export type GroupProtocol = 'auto' | 'consumer' | 'classic'

/** PEM texts. */
export interface TlsOptions {
  /** The authorities to trust; those of Node by default. */
  readonly ca?: string
  /** The certificate and the key of this client, where the brokers ask for one. */
  readonly cert?: string
  readonly key?: string
}

export interface SaslOptions {
  readonly mechanism: Exclude<SASLMechanismValue, 'GSSAPI'>
  readonly username: string
  /** With OAUTHBEARER, the token. */
  readonly password: string
}

/** How long to wait for a connection, and for the answer to a request, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000
export const REQUEST_TIMEOUT_MS = 30_000

/** What every client of the library gets. It tries nothing again by itself: whoever calls the port does. */
export function clientOptions(options: KafkaLogOptions): BaseOptions {
  const { brokers, clientId = 'millrace', tls, sasl } = options
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    retries: 0,
    autocreateTopics: false,
    strict: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    timeout: REQUEST_TIMEOUT_MS,
    ...(tls && { tls: { ...tls }, tlsServerName: !brokers.every(isAddress) }),
    ...(sasl && { sasl: credentials(sasl) }),
  }
}

/** An address is no name to ask a server for (RFC 6066), and Node warns of it. The certificate is held against it all the same. */
function isAddress(broker: string): boolean {
  const host = broker.slice(0, broker.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  return isIP(host) !== 0
}

function credentials({ mechanism, username, password }: SaslOptions): NonNullable<BaseOptions['sasl']> {
  return mechanism === 'OAUTHBEARER' ? { mechanism, token: password } : { mechanism, username, password }
}
