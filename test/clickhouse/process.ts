import { openLocalClickHouse } from '../../src/clickhouse/local-clickhouse.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { clickHouseOptions } from '../helpers/clickhouse-options.ts'

/**
 * A process that opens the local ClickHouse of the directory given, says so as a line of JSON, and closes it when its
 * standard input ends.
 */
const [dataDir = '', overrides = '{}'] = process.argv.slice(2)
const logger = createLogger({ level: 'info', format: 'json', name: 'test' })
const local = await openLocalClickHouse(clickHouseOptions(dataDir, { ...JSON.parse(overrides), logger }))
process.stdout.write(`${JSON.stringify({ owner: local.owner, endpoint: local.endpoint() })}\n`)
process.stdin.resume().once('end', () => {
  void local.close().then(() => process.exit(0))
})
