import { openLocalClickHouse } from '../../clickhouse/local-clickhouse.ts'
import type { Config } from '../../config/config.ts'
import { MillraceError } from '../../errors.ts'
import type { Logger } from '../../observe/logger.ts'

/**
 * `millrace clickhouse`: runs only the local ClickHouse server, until the signal.
 *
 * @throws MillraceError `already_running` when another process runs it, and what openLocalClickHouse throws
 */
export async function runClickHouse(config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  if (config.clickhouseUrl !== '') {
    throw new MillraceError(
      'invalid_setting',
      `MILLRACE_CLICKHOUSE_URL is ${config.clickhouseUrl}, so there is no local server to run`,
      { hint: 'Unset it to use the local ClickHouse server.' },
    )
  }
  await using server = await openLocalClickHouse({
    dataDir: config.dataDir,
    user: config.clickhouseUser,
    password: config.clickhousePassword,
    database: config.clickhouseDatabase,
    httpPort: config.clickhousePort,
    nativePort: config.clickhouseNativePort,
    memoryBytes: config.clickhouseMemory,
    logger,
  })
  const { url } = server.endpoint()
  if (!server.owner) {
    throw new MillraceError(
      'already_running',
      `The ClickHouse server of ${config.dataDir} runs already, at ${url}`,
      {
        hint: 'Use it, or end the process that runs it.',
      },
    )
  }
  logger.info(`To read without a password: curl '${url}/?query=SELECT+count()+FROM+page_views_raw'`)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
