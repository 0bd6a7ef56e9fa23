import type { LocalClickHouseOptions } from '../../src/clickhouse/local-clickhouse.ts'
import { silentLogger } from '../../src/observe/logger.ts'

/** Options for a server in this directory, on a free port. */
export function clickHouseOptions(
  dataDir: string,
  overrides: Partial<LocalClickHouseOptions> = {},
): LocalClickHouseOptions {
  return {
    dataDir,
    user: 'millrace',
    password: '',
    database: 'millrace',
    httpPort: 0,
    nativePort: 0,
    memoryBytes: 2 ** 30,
    logger: silentLogger(),
    ...overrides,
  }
}
