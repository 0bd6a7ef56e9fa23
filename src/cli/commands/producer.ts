import { telemetrySettings } from '../../config/telemetry.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { tellParent } from '../parent.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'

export const registerProducer: Register = (program, context) => {
  const command = program
    .command('producer')
    .description('generate page views and send them to the event log, until Ctrl-C')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const { runProducer } = await import('../services/producer.ts')
      await runProducer(config, loggerOf(config, 'producer'), context.signal, {
        telemetry: telemetrySettings(context.environment),
        onReady: (url) => tellParent({ ready: url }),
      })
    })
  addSettings(command, ['producer', 'log', 'general'])
}
