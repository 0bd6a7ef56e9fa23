import type { Command } from 'commander'
import { show } from '../../../dead-letters/display.ts'
import { REJECT_REASONS } from '../../../event/outcome.ts'
import { count } from '../../../observe/words.ts'
import { countErrors, listErrors } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { table } from '../../table.ts'
import { knownReason, wholeNumber } from './arguments.ts'
import { asJson } from './json.ts'

const PREVIEW = 80

/** `millrace dead-letters list` */
export function registerList(group: Command, context: CliContext): void {
  const command = group
    .command('list')
    .description('list dead letters, those that were rejected last first')
    .option('--reason <reason>', `only these: ${Object.keys(REJECT_REASONS).join(', ')}`)
    .option('--all', 'those that were resolved too')
    .option('--limit <n>', 'how many at most', '20')
    .option('--json', 'print one array of objects')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const filter = {
        ...(options.reason === undefined ? {} : { reason: knownReason(options.reason) }),
        ...(options.all ? {} : { resolved: false }),
      }
      const letters = await listErrors(store.db, {
        ...filter,
        limit: wholeNumber('--limit', options.limit, 1),
      })
      if (options.json) {
        context.stdout.write(`${JSON.stringify(letters.map(asJson))}\n`)
        return
      }
      const counts = await countErrors(store.db, filter)
      const total = counts.reduce((sum, { count: n }) => sum + n, 0)
      if (total === 0) {
        context.stdout.write('There are no dead letters.\n')
        return
      }
      const rows = letters.map((letter) => [
        `${letter.partition}/${letter.offset}`,
        new Date(letter.rejectedAtMs).toISOString().slice(0, 19),
        letter.reason,
        letter.resolved
          ? letter.resolved.how
          : letter.value === null
            ? ''
            : show(letter.value, PREVIEW).content,
      ])
      context.stdout.write(`${table(['place', 'rejected at', 'reason', 'message'], rows)}\n\n`)
      context.stdout.write(
        `${count(total)} in all: ${counts.map(({ reason, count: n }) => `${reason} ${count(n)}`).join(', ')}\n`,
      )
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logFormat'])
}
