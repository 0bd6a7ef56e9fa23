import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { fixMany } from '../../../dead-letters/bulk-fix.ts'
import { type Change, changeOf } from '../../../dead-letters/change.ts'
import { show } from '../../../dead-letters/display.ts'
import { checkFixed } from '../../../dead-letters/fix.ts'
import { FUNCTIONS } from '../../../dead-letters/mapping/functions.ts'
import { MillraceError, messageOf } from '../../../errors.ts'
import { saveFixes } from '../../../store/dead-letter-fixes.ts'
import { type DeadLetter, getError } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { addChoice, type ChoiceOptions, choiceOf, limitsOf, personOf, placeOf } from './arguments.ts'
import { bulkText } from './bulk-text.ts'
import { edit } from './editor.ts'

interface FixOptions extends ChoiceOptions {
  readonly set?: string[]
  readonly patch?: string
  readonly map?: string
  readonly message?: string
  readonly editor?: boolean
  readonly dryRun?: boolean
  readonly by?: string
  readonly json?: boolean
}

const HELP = `
Examples:
  millrace dead-letters fix 3/1204 --set page_id=/pricing
  millrace dead-letters fix --reason empty_page_id \\
    --map 'page_id = url ?? "/unknown"' --dry-run
  millrace dead-letters fix --reason missing_field \\
    --patch '[{"op":"add","path":"/is_bounce","value":false}]'

A mapping is field = expression, several of them with ; between, and delete field.
An expression has fields (a.b for one within another), numbers, texts, true,
false, null, ?? (what follows when there is nothing before), == != < <= > >=,
+ - * /, a ? b : c, and
${Object.entries(FUNCTIONS)
  .map(([name, { does }]) => `  ${name.padEnd(16)} ${does}`)
  .join('\n')}`

/** `millrace dead-letters fix` */
export function registerFix(group: Command, context: CliContext): void {
  const command = addChoice(
    group
      .command('fix')
      .description(
        'correct a dead letter, or all of a reason; they are sent by `millrace dead-letters replay`',
      )
      .argument('[place]', 'partition/offset, as list shows it; without it, --reason says which'),
  )
    .option(
      '--set <name=value...>',
      'change fields; a value is JSON or else text, and nothing takes the field out',
    )
    .option('--patch <json>', 'change it by a JSON Patch (RFC 6902); @file reads it from a file')
    .option('--map <mapping>', 'compute fields: page_id = page_id ?? "/unknown"')
    .option('--message <json>', 'the whole message, of one dead letter; - reads it from standard input')
    .option('--editor', 'open the message of one dead letter in $EDITOR')
    .option('--dry-run', 'show what would be corrected, and keep nothing')
    .option('--by <name>', 'who corrects, for the record (default: you)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (place: string | undefined, options: FixOptions) => {
      const { config } = settingsOf(context, givenSettings({ ...options }))
      const change = changeOf({ ...options, patch: await patchText(options.patch) })
      const choice = choiceOf(options)
      if ((place === undefined) === (Object.keys(choice).length === 0)) {
        throw new MillraceError('invalid_setting', 'give either a place or a choice such as --reason', {
          hint: 'Such as: millrace dead-letters fix 3/1204 --set page_id=/pricing',
        })
      }
      const limits = limitsOf(config)
      const by = personOf(options.by)
      const dryRun = options.dryRun === true
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      if (place === undefined) {
        const fixed = await fixMany(store.db, { choice, change: needed(change), limits, by, dryRun })
        context.stdout.write(options.json ? `${JSON.stringify(fixed)}\n` : bulkText(fixed, dryRun))
        return
      }
      const letter = await getError(store.db, placeOf(place, config))
      const message = await correct(letter, change, options, context)
      checkFixed(message, limits)
      const { topic, partition, offset } = letter
      if (!dryRun) await saveFixes(store.db, [{ topic, partition, offset, message }], by)
      if (options.json) {
        context.stdout.write(
          `${JSON.stringify({ partition, offset, corrected: !dryRun, message: show(message) })}\n`,
        )
      } else if (dryRun) {
        context.stdout.write(`It would become: ${show(message).content}\n`)
      } else {
        context.stdout.write(`Corrected. Send it with: millrace dead-letters replay ${place}\n`)
      }
    })
  addSettings(command, [
    'clickhouse',
    'rawTtlDays',
    'lateMargin',
    'maxFuture',
    'dataDir',
    'kafkaTopic',
    'logFormat',
  ])
}

function needed(change: Change | undefined): Change {
  if (change) return change
  throw new MillraceError('invalid_setting', 'give one of --set, --patch and --map', {
    hint: 'Such as: --map \'page_id = page_id ?? "/unknown"\'',
  })
}

async function correct(
  letter: DeadLetter,
  change: Change | undefined,
  options: FixOptions,
  context: CliContext,
): Promise<Buffer> {
  const given = [change, options.message, options.editor].filter((option) => option !== undefined)
  if (given.length !== 1) {
    throw new MillraceError('invalid_setting', 'give one of --set, --patch, --map, --message and --editor', {
      hint: 'Such as: --set page_id=/pricing',
    })
  }
  if (change) return change(letter.value)
  if (options.message === '-') return buffer(context.stdin)
  return options.message === undefined
    ? edit(letter.value, context.environment)
    : Buffer.from(options.message)
}

async function patchText(given: string | undefined): Promise<string | undefined> {
  if (!given?.startsWith('@')) return given
  try {
    return await readFile(given.slice(1), 'utf8')
  } catch (cause) {
    throw new MillraceError('file_unusable', `--patch: ${messageOf(cause)}`, { cause })
  }
}
