import { MillraceError } from '../../errors.ts'
import { openLocalServer } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { aborted } from '../signals.ts'

export const registerClickHouse: Register = (program, context) => {
  const command = program
    .command('clickhouse')
    .description('run only the local ClickHouse server, until Ctrl-C')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf(config, 'clickhouse')
      if (config.clickhouseUrl !== '') {
        throw new MillraceError(
          'invalid_setting',
          `MILLRACE_CLICKHOUSE_URL is ${config.clickhouseUrl}, so there is no local server to run`,
          { hint: 'Unset it to use the local ClickHouse server.' },
        )
      }
      await using server = await openLocalServer(config, logger)
      const { url } = server.endpoint()
      if (!server.owner) {
        throw new MillraceError(
          'already_running',
          `the ClickHouse server of ${config.dataDir} runs already, at ${url}`,
          { hint: 'Use it, or end the process that runs it.' },
        )
      }
      logger.info(`To read without a password: curl '${url}/?query=SELECT+1'`)
      await aborted(context.signal)
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logLevel', 'logFormat'])
}
