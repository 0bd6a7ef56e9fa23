import type { Command } from 'commander'
import { checkFixed } from '../../../dead-letters/fix.ts'
import { replayCorrected } from '../../../dead-letters/replay.ts'
import { MillraceError } from '../../../errors.ts'
import { count } from '../../../observe/words.ts'
import { listFixes } from '../../../store/dead-letter-fixes.ts'
import { openEventLog, openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { openWriter } from '../../writer.ts'
import { limitsOf, nameOf, placeOf } from './arguments.ts'

const FIXES_AT_ONCE = 10_000

/** `millrace dead-letters replay` */
export function registerReplay(group: Command, context: CliContext): void {
  const command = group
    .command('replay')
    .description('send corrected dead letters; done twice, they count once')
    .argument('[places...]', 'partition/offset of each; all that were corrected when none is given')
    .option('--json', 'print one array of objects')
    .action(async (places: string[], options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters')
      await using ending = new AsyncDisposableStack()
      const { log, ledger, close } = await openEventLog(config, logger)
      ending.defer(close)
      const { db } = ending.use(await openStore(config, logger))
      const writer = await openWriter(log, config)
      const wanted = new Set(places.map((place) => nameOf(placeOf(place, config))))
      const fixes = (await listFixes(db, FIXES_AT_ONCE)).filter(
        (fix) => wanted.size === 0 || wanted.has(nameOf(fix)),
      )
      for (const fix of fixes) wanted.delete(nameOf(fix))
      if (wanted.size > 0) {
        throw new MillraceError('not_found', `no correction waits to be sent for ${[...wanted].join(', ')}`, {
          hint: 'Correct it with `millrace dead-letters fix`; what was sent already is not sent again.',
        })
      }
      const sent: { partition: number; offset: number; event_id: string }[] = []
      for (const fix of fixes) {
        const view = checkFixed(fix.message, limitsOf(config))
        const options = { db, writer, ledger, partitions: log.partitions, now: Date.now }
        const eventId = await replayCorrected({ letter: fix, message: fix.message, view }, options)
        sent.push({ partition: fix.partition, offset: fix.offset, event_id: eventId })
      }
      if (options.json) context.stdout.write(`${JSON.stringify(sent)}\n`)
      else
        context.stdout.write(
          sent.length === 0 ? 'No correction waits to be sent.\n' : `${count(sent.length)} sent.\n`,
        )
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
