import { telemetrySettings } from '../../config/telemetry.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { tellParent } from '../parent.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'

export const registerConsumer: Register = (program, context) => {
  const command = program
    .command('consumer')
    .description('write page views to ClickHouse, keep the aggregates, and answer queries, until Ctrl-C')
    .option('--init-schema', 'create or update the tables first; -init-schema is the same')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const { runConsumer } = await import('../services/consumer.ts')
      await runConsumer(config, loggerOf(config, 'consumer'), context.signal, {
        initSchema: options.initSchema === true,
        telemetry: telemetrySettings(context.environment),
        onReady: (url) => tellParent({ ready: url }),
      })
    })
  addSettings(command, ['consumer', 'log', 'clickhouse', 'general'])
}
