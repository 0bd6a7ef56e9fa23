import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MillraceError, messageOf } from '../../errors.ts'
import type { ExitCode } from '../../exit-codes.ts'
import type { Database } from '../../store/database.ts'
import { StoreError } from '../../store/errors.ts'
import { openStore } from '../compose.ts'
import { type CliContext, loggerOf, type Register, settingsOf } from '../context.ts'
import { write } from '../output.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { type Format, formatOf } from '../sql/formats.ts'
import { writeTables } from '../sql/pages.ts'
import { statementsOf } from '../sql/statements.ts'

/** Reading only, and the statement cannot take that back. ClickHouse: https://clickhouse.com/docs/operations/settings/permissions-for-queries */
const READ_ONLY = { readonly: '2' } as const

/** READONLY and UNKNOWN_TABLE, src/Common/ErrorCodes.cpp in ClickHouse */
const REFUSED_AS_READ_ONLY = 164
const UNKNOWN_TABLE = 60

const INTERRUPTED: ExitCode = 130

const HELP = `
On a terminal the answer is a table, elsewhere tab-separated lines below a heading.
A FORMAT in the statement itself goes before. Several statements, with ; between,
are run one after the other.

Examples:
  millrace sql "SELECT * FROM page_views_minute_v ORDER BY window_start DESC LIMIT 10"
  millrace sql --csv --file report.sql > report.csv
  echo "SELECT count() FROM page_views_raw" | millrace sql --json`

export const registerSql: Register = (program, context) => {
  const command = program
    .command('sql')
    .description('ask the store in SQL; it may only read, unless --write is given')
    .argument('[statement]', 'SQL; without it, or with -, standard input is read')
    .option('--file <file>', 'read the SQL from this file; - is standard input')
    .option('--write', 'allow statements that change something')
    .option('--table', 'print a table')
    .option('--json', 'print one JSON array of row objects')
    .option('--csv', 'print comma-separated lines')
    .option('--tsv', 'print tab-separated lines')
    .option('--no-header', 'leave out the line with the names of the columns')
    .addHelpText('after', HELP)
    .action(async (argument: string | undefined, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const format = formatOf(options, context.stdout.isTTY)
      const statements = statementsOf(await textOf(argument, options.file, context))
      if (statements.length === 0) throw new MillraceError('invalid_setting', 'the statement is empty')
      if (statements.length > 1 && format.shape === 'json') {
        throw new MillraceError('invalid_setting', `--json is for one statement, not ${statements.length}`, {
          hint: 'Run them one by one: --json prints one array.',
        })
      }
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'sql'))
      const how = { mayWrite: options.write === true, header: options.header }
      for (const statement of statements) {
        await answer(store.db, statement, format, how, context)
        if (context.signal.aborted) break
      }
      if (context.signal.aborted) process.exitCode = INTERRUPTED
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logFormat'])
}

async function textOf(
  argument: string | undefined,
  file: string | undefined,
  { stdin }: CliContext,
): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new MillraceError('invalid_setting', 'there is a statement, and a --file to read one from', {
      hint: 'Give one of them.',
    })
  }
  if (file !== undefined && file !== '-') {
    try {
      return await readFile(file, 'utf8')
    } catch (cause) {
      throw new MillraceError('file_unusable', `--file: ${messageOf(cause)}`, { cause })
    }
  }
  if (argument !== undefined && argument !== '-') return argument
  if (stdin.isTTY && argument === undefined && file === undefined) {
    throw new MillraceError('invalid_setting', 'there is no statement', {
      hint: 'Give one, such as: millrace sql "SELECT count() FROM page_views_raw"',
    })
  }
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** Runs a statement, and writes its answer as it comes. */
async function answer(
  db: Database,
  statement: string,
  format: Format,
  { mayWrite, header }: { readonly mayWrite: boolean; readonly header: boolean },
  { stdout, stderr, signal }: CliContext,
): Promise<void> {
  try {
    const settings = { ...format.settings, ...(mayWrite ? {} : READ_ONLY) }
    const { format: named, body } = await db.answer(statement, format.name, { settings, signal })
    addAbortSignal(signal, body)
    if (named === undefined) {
      body.resume()
      await once(body, 'end')
      if (format.shape === 'json') stdout.write('[]\n')
    } else if (named === format.name && format.shape === 'table') {
      const rows = await writeTables(body, (text) => write(stdout, text), header)
      if (rows === 0) stderr.write('no rows\n')
    } else {
      if (named !== format.name && format.shape === 'json') {
        throw new MillraceError('invalid_setting', `--json, and the statement asks for FORMAT ${named}`, {
          hint: 'Leave one of them out.',
        })
      }
      await pipeline(body, stdout, { end: false })
    }
  } catch (error) {
    if (signal.aborted) return
    throw refusal(error, mayWrite)
  }
}

/** An error of the statement is none that may be gone later. */
function refusal(error: unknown, mayWrite: boolean): unknown {
  if (!(error instanceof StoreError)) return error
  if (error.message.endsWith(': aborted')) {
    return new MillraceError('store_unavailable', 'ClickHouse broke its answer off', {
      cause: error,
      hint: 'It waits some 30 s for a reader that pauses: write a large answer to a file first.',
    })
  }
  if (error.clickhouseCode === REFUSED_AS_READ_ONLY && !mayWrite) {
    return new MillraceError('invalid_setting', `the statement may only read: ${error.message}`, {
      cause: error,
      hint: 'Give --write to allow what changes something.',
    })
  }
  if (error.clickhouseCode === UNKNOWN_TABLE) {
    const hint =
      'SHOW TABLES says what there is; `millrace consumer -init-schema` creates the tables of Millrace.'
    return new MillraceError('store_refused', error.message, { cause: error, hint })
  }
  if (error.clickhouseCode === undefined || error.kind !== 'unknown') return error
  return new MillraceError('store_refused', error.message, { cause: error })
}
