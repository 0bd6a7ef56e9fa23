import { type Command, Option } from 'commander'
import { bytesToShow, show, showText } from '../../../dead-letters/display.ts'
import { MillraceError } from '../../../errors.ts'
import { count } from '../../../observe/words.ts'
import { countErrors, DEAD_LETTER_GROUPS, groupErrors, listErrors } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings, oneOf } from '../../setting-flags.ts'
import { table } from '../../table.ts'
import { addChoice, choiceOf, wholeNumber } from './arguments.ts'
import { asJson } from './json.ts'

const PREVIEW = 80
/** Characters of a message with --json; show and export give all of them. */
const LISTED = 4_000

/** `millrace dead-letters list` */
export function registerList(group: Command, context: CliContext): void {
  const command = addChoice(
    group.command('list').description('list dead letters, those that were rejected last first'),
  )
    .addOption(oneOf(new Option('--count-by <what>', 'count them instead'), Object.keys(DEAD_LETTER_GROUPS)))
    .option('--all', 'also those that were resolved')
    .option('--limit <n>', 'how many at most', '20')
    .option('--json', 'print one JSON array of objects')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const filter = { ...choiceOf(options), ...(options.all ? {} : { resolved: false }) }
      if (options.countBy !== undefined) {
        const groups = await groupErrors(store.db, knownGroup(options.countBy), filter)
        context.stdout.write(
          options.json
            ? `${JSON.stringify(groups)}\n`
            : `${table(
                [options.countBy, 'dead letters'],
                groups.map(({ value, count: n }) => [value, count(n)]),
              )}\n`,
        )
        return
      }
      const letters = await listErrors(store.db, {
        ...filter,
        limit: wholeNumber('--limit', options.limit, 1),
        bytesAtMost: bytesToShow(options.json ? LISTED : PREVIEW),
      })
      if (options.json) {
        context.stdout.write(`${JSON.stringify(letters.map((letter) => asJson(letter, LISTED)))}\n`)
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
          ? showText(letter.resolved.how)
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

function knownGroup(text: string): keyof typeof DEAD_LETTER_GROUPS {
  if (Object.hasOwn(DEAD_LETTER_GROUPS, text)) return text as keyof typeof DEAD_LETTER_GROUPS
  throw new MillraceError('invalid_setting', `--count-by: "${text}" is not allowed`, {
    hint: `Give one of ${Object.keys(DEAD_LETTER_GROUPS).join(', ')}.`,
  })
}
