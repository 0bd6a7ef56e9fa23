import type { LocalClickHouse } from '../clickhouse/local-clickhouse.ts'
import type { Config } from '../config/config.ts'
import { MillraceError } from '../errors.ts'
import type { OpenedLmdbLog } from '../log/lmdb/open.ts'
import type { Logger } from '../observe/logger.ts'
import { Database } from '../store/database.ts'

// What a process does not use it does not load: that saves some 30 MB in each.

/** The event log and the ledger beside it. */
export type OpenedLog = OpenedLmdbLog

/**
 * Opens the event log that the settings ask for.
 *
 * @throws MillraceError as the adapter does
 */
export async function openEventLog(config: Config, logger: Logger): Promise<OpenedLog> {
  if (config.kafkaBrokers !== '') {
    throw new MillraceError(
      'invalid_setting',
      `MILLRACE_KAFKA_BROKERS is ${config.kafkaBrokers}: this version has no connection to Kafka yet`,
      { hint: 'Unset it to use the embedded log.' },
    )
  }
  const { openLmdbLog } = await import('../log/lmdb/open.ts')
  const opened = await openLmdbLog({
    dataDir: config.dataDir,
    topic: config.kafkaTopic,
    partitions: config.logPartitions,
    retention: { ageMs: config.logRetention, bytes: config.logRetentionBytes },
  })
  if (opened.log.partitions !== config.logPartitions) {
    logger.warn(
      `The topic ${config.kafkaTopic} has ${opened.log.partitions} partitions and keeps them (MILLRACE_LOG_PARTITIONS is ${config.logPartitions})`,
    )
  }
  return opened
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
  if (config.clickhouseUrl !== '') {
    const endpoint = {
      url: config.clickhouseUrl,
      user: config.clickhouseUser,
      password: config.clickhousePassword,
      database: config.clickhouseDatabase,
    }
    const db = new Database({ endpoint: () => endpoint })
    return { db, url: () => endpoint.url, local: null, [Symbol.asyncDispose]: () => db.close() }
  }
  const local = await openLocalServer(config, logger)
  const db = new Database({ endpoint: () => local.endpoint() })
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

/** Finds or starts the local ClickHouse server of the data directory. */
export async function openLocalServer(config: Config, logger: Logger): Promise<LocalClickHouse> {
  const { openLocalClickHouse } = await import('../clickhouse/local-clickhouse.ts')
  return openLocalClickHouse({
    dataDir: config.dataDir,
    user: config.clickhouseUser,
    password: config.clickhousePassword,
    database: config.clickhouseDatabase,
    httpPort: config.clickhousePort,
    nativePort: config.clickhouseNativePort,
    memoryBytes: config.clickhouseMemory,
    logger,
  })
}
