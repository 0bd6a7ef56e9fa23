import { listFailedEventFiles } from '../../send/failed-events.ts'
import { resendFile } from '../../send/resend.ts'
import { openEventLog } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { Progress } from '../progress.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { openWriter } from '../writer.ts'

export const registerResend: Register = (program, context) => {
  const command = program
    .command('resend')
    .description('send again what could not be sent')
    .argument('[files...]', 'failed-events files; all of the data directory when none is given')
    .option('--json', 'print one JSON array: each file, and how many messages were sent')
    .addHelpText(
      'after',
      '\nA file that was sent gets .sent behind its name. Ended early, it can be run\nagain: nothing counts twice.',
    )
    .action(async (given: string[], options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const files = given.length > 0 ? given : await listFailedEventFiles(config.dataDir)
      const { log, ledger, close } = await openEventLog(config, loggerOf(config, 'resend'))
      await using ending = new AsyncDisposableStack()
      ending.defer(close)
      const writer = await openWriter(log, config, { giveUp: context.signal })
      const progress = new Progress(context.stderr)
      const done: { file: string; sent: number }[] = []
      for (const file of files) {
        const sent = await resendFile(file, {
          writer,
          ledger,
          topic: log.topic,
          partitions: log.partitions,
          progress: (some, of) => progress.show(`${file}: ${some} of ${of}`),
        })
        done.push({ file, sent })
      }
      progress.clear()
      if (options.json) context.stdout.write(`${JSON.stringify(done)}\n`)
      else if (done.length === 0) context.stdout.write('There is nothing to send again.\n')
      else for (const { file, sent } of done) context.stdout.write(`${file}: ${sent} messages sent\n`)
    })
  addSettings(command, [
    'sendAttempts',
    'sendBackoff',
    'sendMaxBackoff',
    'log',
    'dataDir',
    'logLevel',
    'logFormat',
  ])
}
