import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { showText } from '../../../dead-letters/display.ts'
import { type Imported, importCorrections } from '../../../dead-letters/import.ts'
import { MillraceError, messageOf } from '../../../errors.ts'
import { count } from '../../../observe/words.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { limitsOf, personOf } from './arguments.ts'

/** `millrace dead-letters import` */
export function registerImport(group: Command, context: CliContext): void {
  const command = group
    .command('import')
    .description('take the corrections out of an export whose messages were changed')
    .argument('<file>', 'NDJSON as export writes it; - reads standard input')
    .option('--dry-run', 'show what would be corrected, and keep nothing')
    .option('--by <name>', 'who corrects, for the record (default: you)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  millrace dead-letters import letters.ndjson --dry-run')
    .action(async (file: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const dryRun = options.dryRun === true
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const imported = await importCorrections(store.db, chunksOf(file, context), {
        limits: limitsOf(config),
        by: personOf(options.by),
        dryRun,
      })
      if (imported.refusedCount > 0) process.exitCode = 1
      context.stdout.write(options.json ? `${JSON.stringify(imported)}\n` : textOf(imported, dryRun))
    })
  addSettings(command, ['clickhouse', 'rawTtlDays', 'lateMargin', 'maxFuture', 'dataDir', 'logFormat'])
}

async function* chunksOf(file: string, { stdin }: CliContext): AsyncGenerator<Buffer | string> {
  try {
    // Opened here and no sooner: its error would have nobody to go to.
    yield* file === '-' ? stdin : createReadStream(file)
  } catch (cause) {
    throw new MillraceError('file_unusable', messageOf(cause), { cause })
  }
}

function textOf({ corrected, unchanged, refused, refusedCount }: Imported, dryRun: boolean): string {
  const lines = refused.map(({ line, why }) => `line ${line} was not taken: ${showText(why)}`)
  if (refusedCount > refused.length) lines.push(`… and ${count(refusedCount - refused.length)} more`)
  const done = dryRun ? 'could be corrected; nothing was kept' : 'corrected'
  lines.push(`${count(corrected)} ${done}, ${count(unchanged)} unchanged, ${count(refusedCount)} not taken`)
  if (corrected > 0 && !dryRun) lines.push('Send them with: millrace dead-letters replay')
  return `${lines.join('\n')}\n`
}
