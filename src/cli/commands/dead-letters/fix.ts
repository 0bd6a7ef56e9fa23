import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { changeFields, checkFixed, parseChanges } from '../../../dead-letters/fix.ts'
import { MillraceError } from '../../../errors.ts'
import { saveFix } from '../../../store/dead-letter-fixes.ts'
import { type DeadLetter, getError } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { limitsOf, placeOf } from './arguments.ts'

/** `millrace dead-letters fix` */
export function registerFix(group: Command, context: CliContext): void {
  const command = group
    .command('fix')
    .description('correct a dead letter; it is sent by `millrace dead-letters replay`')
    .argument('<place>', 'partition/offset, as list shows it')
    .option(
      '--set <name=value...>',
      'change fields; a value is JSON or else text, and nothing takes the field out',
    )
    .option('--message <json>', 'the whole message; - reads it from standard input')
    .option('--editor', 'open the message in $EDITOR')
    .addHelpText('after', '\nExample:\n  millrace dead-letters fix 3/1204 --set page_id=/pricing')
    .action(async (place: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const letter = await getError(store.db, placeOf(place, config))
      const message = await correct(letter, options, context)
      checkFixed(message, limitsOf(config))
      await saveFix(store.db, {
        topic: letter.topic,
        partition: letter.partition,
        offset: letter.offset,
        message,
      })
      context.stdout.write(`Corrected. Send it with: millrace dead-letters replay ${place}\n`)
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

async function correct(
  letter: DeadLetter,
  options: { set?: string[]; message?: string; editor?: boolean },
  context: CliContext,
): Promise<Buffer> {
  const given = [options.set, options.message, options.editor].filter((option) => option !== undefined)
  if (given.length !== 1) {
    throw new MillraceError('invalid_setting', 'give one of --set, --message and --editor', {
      hint: 'Such as: --set page_id=/pricing',
    })
  }
  if (options.set) return changeFields(letter.value, parseChanges(options.set))
  if (options.message === '-') return readAll(context.stdin)
  return options.message === undefined ? edit(letter, context) : Buffer.from(options.message)
}

function edit({ value }: DeadLetter, { environment }: CliContext): Buffer {
  const editor = environment.VISUAL || environment.EDITOR || 'vi'
  const directory = mkdtempSync(join(tmpdir(), 'millrace-fix-'))
  try {
    const file = join(directory, 'message.json')
    writeFileSync(file, value ?? '', { mode: 0o600 })
    // By a shell, since EDITOR may hold flags: `code --wait`.
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
    if (error || status !== 0) {
      throw new MillraceError(
        'file_unusable',
        `the editor "${editor}" ended with ${error?.message ?? `status ${status}`}`,
        {
          hint: 'Nothing was changed. Set EDITOR, or use --set or --message.',
        },
      )
    }
    return Buffer.from(readFileSync(file, 'utf8').trimEnd())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readAll(stream: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
