import type { Command } from 'commander'
import { exportLine } from '../../../dead-letters/exchange.ts'
import { eachError } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { write } from '../../output.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { addChoice, choiceOf } from './arguments.ts'

/** `millrace dead-letters export` */
export function registerExport(group: Command, context: CliContext): void {
  const command = addChoice(
    group
      .command('export')
      .description('write dead letters with all their bytes, one JSON object a line (NDJSON)'),
  )
    .option('--all', 'also those that were resolved')
    .addHelpText(
      'after',
      '\nExample:\n  millrace dead-letters export --reason empty_page_id > letters.ndjson',
    )
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const choice = { ...choiceOf(options), ...(options.all ? {} : { resolved: false }) }
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      for await (const letter of eachError(store.db, choice)) {
        await write(context.stdout, exportLine(letter))
      }
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logFormat'])
}
