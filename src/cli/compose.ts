import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalClickHouse } from '../clickhouse/local-clickhouse.ts'
import type { Config } from '../config/config.ts'
import { MillraceError } from '../errors.ts'
import type { Ledger } from '../ledger/port.ts'
import type { BrokersSeen } from '../log/kafka/inspect.ts'
import type { EventLog } from '../log/port.ts'
import type { Logger } from '../observe/logger.ts'
import { duration } from '../observe/words.ts'
import type { Connection } from '../store/client.ts'
import type { Cluster } from '../store/cluster.ts'
import { Database, type DatabaseOptions, type Endpoint } from '../store/database.ts'
import { kafkaOptions } from './kafka-options.ts'
import { pem } from './pem.ts'

export type { BrokersSeen, TopicSeen } from '../log/kafka/inspect.ts'

// What a process does not use it does not load: that saves some 30 MB in each.

/** The event log and the ledger beside it. */
export interface OpenedLog {
  readonly log: EventLog
  readonly ledger: Ledger
  close(): Promise<void>
}

/**
 * Opens the event log that the settings ask for: Kafka when there are brokers, else the embedded one.
 *
 * @throws MillraceError as the adapter does
 */
export async function openEventLog(config: Config, logger: Logger): Promise<OpenedLog> {
  const opened = config.kafkaBrokers === '' ? await openEmbeddedLog(config) : await openKafka(config)
  const { partitions } = opened.log
  if (partitions !== config.logPartitions) {
    logger.warn(
      `The topic ${config.kafkaTopic} has ${partitions} partitions and keeps them (MILLRACE_LOG_PARTITIONS is ${config.logPartitions})`,
    )
  }
  return opened
}

/** The same, but a log that is away is waited for, until the signal aborts. */
export async function awaitEventLog(config: Config, logger: Logger, signal: AbortSignal): Promise<OpenedLog> {
  for (let pauseMs = 500; ; pauseMs = Math.min(10_000, pauseMs * 2)) {
    try {
      return await openEventLog(config, logger)
    } catch (error) {
      if (!(error instanceof MillraceError && error.retryable) || signal.aborted) throw error
      const hint = error.hint === undefined ? '' : `. ${error.hint}`
      logger.warn(`The event log is away, again in ${duration(pauseMs)}: ${error.message}${hint}`)
      await sleep(pauseMs, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}

async function openEmbeddedLog(config: Config): Promise<OpenedLog> {
  const { openLmdbLog } = await import('../log/lmdb/open.ts')
  return openLmdbLog({
    dataDir: config.dataDir,
    topic: config.kafkaTopic,
    partitions: config.logPartitions,
    retention: { ageMs: config.logRetention, bytes: config.logRetentionBytes },
  })
}

async function openKafka(config: Config): Promise<OpenedLog> {
  const { openKafkaLog } = await import('../log/kafka/open.ts')
  const { StandaloneLedger } = await import('../log/lmdb/standalone-ledger.ts')
  const { log, close } = await openKafkaLog(kafkaOptions(config))
  const ledger = new StandaloneLedger(config.dataDir, config.kafkaTopic)
  return {
    log,
    ledger,
    async close() {
      await close()
      await ledger.close()
    },
  }
}

/** A ClickHouse database, and the server when it is the local one. */
export interface OpenedStore extends AsyncDisposable {
  readonly db: Database
  /** Where the server answers now. */
  readonly url: () => string
  /** Null when the settings name a server. */
  readonly local: LocalClickHouse | null
}

/**
 * Connects to the ClickHouse server of the settings, or finds or starts the local one.
 *
 * @throws MillraceError as openLocalClickHouse does; a server of the settings is not asked yet
 */
export async function openStore(config: Config, logger: Logger): Promise<OpenedStore> {
  if (config.clickhouseUrl !== '') return namedStore(config)
  clusterOf(config)
  const local = await openLocalServer(config, logger)
  const db = new Database({ endpoint: () => local.endpoint(), timeoutMs: config.clickhouseTimeout })
  return {
    db,
    url: () => local.endpoint().url,
    local,
    async [Symbol.asyncDispose]() {
      await db.close()
      await local.close()
    },
  }
}

/**
 * The same, but nothing is started: undefined when the settings leave it to the local server and none runs.
 *
 * @throws MillraceError `store_refused` when the local server does not take the credentials, and for settings as openStore
 */
export async function findStore(config: Config): Promise<OpenedStore | undefined> {
  if (config.clickhouseUrl !== '') return namedStore(config)
  const { findLocalClickHouse } = await import('../clickhouse/find.ts')
  const found = await findLocalClickHouse({ dataDir: config.dataDir, ...credentialsOf(config) })
  return found && storeAt(found, { timeoutMs: config.clickhouseTimeout })
}

/**
 * Checks that the local ClickHouse server can run on this machine.
 *
 * @throws MillraceError `unsupported_platform`
 */
export async function checkPlatform(): Promise<void> {
  const { requirePlatform } = await import('../clickhouse/server.ts')
  requirePlatform()
}

/**
 * What the brokers of the settings say of themselves and of the topic. Nothing is made.
 *
 * @throws MillraceError as openEventLog does
 */
export async function inspectBrokers(config: Config): Promise<BrokersSeen> {
  const { inspectKafka } = await import('../log/kafka/inspect.ts')
  return inspectKafka(kafkaOptions(config))
}

function namedStore(config: Config): OpenedStore {
  const endpoint = { url: config.clickhouseUrl, ...credentialsOf(config) }
  return storeAt(endpoint, { cluster: clusterOf(config), ...connectionOf(config) })
}

function storeAt(endpoint: Endpoint, options: Omit<DatabaseOptions, 'endpoint'>): OpenedStore {
  const db = new Database({ endpoint: () => endpoint, ...options })
  return { db, url: () => endpoint.url, local: null, [Symbol.asyncDispose]: () => db.close() }
}

function credentialsOf(config: Config): Omit<Endpoint, 'url'> {
  return {
    user: config.clickhouseUser,
    password: config.clickhousePassword,
    database: config.clickhouseDatabase,
  }
}

/**
 * Checks that the settings of the connections to Kafka and ClickHouse go together, and that their files can be read. Nobody is asked.
 *
 * @throws MillraceError `invalid_setting`, `file_unusable`
 */
export function checkConnections(config: Config): void {
  clusterOf(config)
  if (config.clickhouseUrl !== '') connectionOf(config)
  if (config.kafkaBrokers !== '') kafkaOptions(config)
}

/** @throws MillraceError `invalid_setting` when the settings do not go together, `file_unusable` for a file that cannot be read */
function connectionOf(config: Config): Connection {
  const { clickhouseTlsCa: ca, clickhouseTlsCert: cert, clickhouseTlsKey: key } = config
  const refuse = (message: string, hint: string): never => {
    throw new MillraceError('invalid_setting', message, { hint })
  }
  if ((cert === '') !== (key === '')) {
    refuse(
      `of MILLRACE_CLICKHOUSE_TLS_CERT and MILLRACE_CLICKHOUSE_TLS_KEY only one is set`,
      'A certificate needs its key: set both, or neither.',
    )
  }
  if (`${ca}${cert}` !== '' && !config.clickhouseUrl.startsWith('https:')) {
    refuse(
      `certificates are set for ClickHouse, and MILLRACE_CLICKHOUSE_URL is ${config.clickhouseUrl}`,
      'They are for https addresses: begin it with https, or leave them out.',
    )
  }
  const tls = {
    ...pem('ca', 'MILLRACE_CLICKHOUSE_TLS_CA', ca),
    ...pem('cert', 'MILLRACE_CLICKHOUSE_TLS_CERT', cert),
    ...pem('key', 'MILLRACE_CLICKHOUSE_TLS_KEY', key),
  }
  return {
    timeoutMs: config.clickhouseTimeout,
    compress: config.clickhouseCompression,
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  }
}

/** @throws MillraceError `invalid_setting` when the settings of a cluster do not go together */
function clusterOf(config: Config): Cluster | null {
  const {
    clickhouseCluster: name,
    clickhouseReplicated: replicated,
    clickhouseShardUrls: serverUrls,
  } = config
  const refuse = (message: string, hint: string): never => {
    throw new MillraceError('invalid_setting', message, { hint })
  }
  if (name === '') {
    if (serverUrls.length === 0) return null
    return refuse(
      'MILLRACE_CLICKHOUSE_SHARD_URLS is set and MILLRACE_CLICKHOUSE_CLUSTER is not',
      'Name the cluster too, or neither.',
    )
  }
  if (config.clickhouseUrl === '') {
    return refuse(
      `MILLRACE_CLICKHOUSE_CLUSTER is ${name}, and MILLRACE_CLICKHOUSE_URL is empty`,
      'Give the address of one of its servers: the local server belongs to no cluster.',
    )
  }
  if (replicated === serverUrls.length > 0) {
    return refuse(
      replicated
        ? 'MILLRACE_CLICKHOUSE_SHARD_URLS is for clusters without replicas, and MILLRACE_CLICKHOUSE_REPLICATED is on'
        : 'MILLRACE_CLICKHOUSE_REPLICATED is off, and MILLRACE_CLICKHOUSE_SHARD_URLS is empty',
      'With Keeper it hands out the tables to all servers; without, Millrace does it and needs the address of each shard.',
    )
  }
  return { name, replicated, serverUrls }
}

/** Finds or starts the local ClickHouse server of the data directory. */
export async function openLocalServer(config: Config, logger: Logger): Promise<LocalClickHouse> {
  const { openLocalClickHouse } = await import('../clickhouse/local-clickhouse.ts')
  return openLocalClickHouse({
    dataDir: config.dataDir,
    ...credentialsOf(config),
    httpPort: config.clickhousePort,
    nativePort: config.clickhouseNativePort,
    memoryBytes: config.clickhouseMemory,
    logger,
  })
}
