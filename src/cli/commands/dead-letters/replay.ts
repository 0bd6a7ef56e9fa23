import type { Command } from 'commander'
import { checkAll } from '../../../dead-letters/check-all.ts'
import { type Replayed, replayCorrected } from '../../../dead-letters/replay.ts'
import { count } from '../../../observe/words.ts'
import { eachFixes, getFixes } from '../../../store/dead-letter-fixes.ts'
import { openEventLog, openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { openWriter } from '../../writer.ts'
import { limitsOf, personOf, placeOf } from './arguments.ts'

/** `millrace dead-letters replay` */
export function registerReplay(group: Command, context: CliContext): void {
  const command = group
    .command('replay')
    .description('send corrected dead letters; done twice, they count once')
    .argument('[places...]', 'partition/offset of each; all that were corrected when none is given')
    .option('--by <name>', 'who sends, for the record (default: you)')
    .option('--json', 'print one JSON array of objects')
    .action(async (names: string[], options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters')
      const places = names.map((name) => placeOf(name, config))
      await using ending = new AsyncDisposableStack()
      const { log, ledger, close } = await openEventLog(config, logger)
      ending.defer(close)
      const { db } = ending.use(await openStore(config, logger))
      const writer = await openWriter(log, config)
      const by = personOf(options.by)
      const sent: Replayed[] = []
      const groups = places.length > 0 ? [await getFixes(db, places)] : eachFixes(db)
      for await (const fixes of groups) {
        const { corrected, refused } = checkAll(fixes, limitsOf(config))
        for (const { partition, offset, why } of refused) {
          context.stderr.write(`millrace: ${partition}/${offset} was not sent: ${why}\n`)
          process.exitCode = 1
        }
        if (corrected.length === 0) continue
        const replay = { db, writer, ledger, partitions: log.partitions, by, now: Date.now }
        sent.push(...(await replayCorrected(corrected, replay)))
      }
      if (options.json) {
        const rows = sent.map(({ partition, offset, eventId }) => ({ partition, offset, event_id: eventId }))
        context.stdout.write(`${JSON.stringify(rows)}\n`)
      } else {
        context.stdout.write(
          sent.length === 0 ? 'No correction waits to be sent.\n' : `${count(sent.length)} sent.\n`,
        )
      }
    })
  addSettings(command, [
    'rawTtlDays',
    'lateMargin',
    'maxFuture',
    'sendAttempts',
    'sendBackoff',
    'sendMaxBackoff',
  ])
  addSettings(command, [
    'log',
    'clickhouseUrl',
    'clickhouseUser',
    'clickhousePassword',
    'clickhouseDatabase',
    'dataDir',
    'logFormat',
  ])
}
