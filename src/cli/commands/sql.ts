import { MillraceError } from '../../errors.ts'
import type { Database } from '../../store/database.ts'
import { StoreError } from '../../store/errors.ts'
import { openStore } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { table } from '../table.ts'

/** Reading only, and the statement cannot take that back. ClickHouse: https://clickhouse.com/docs/operations/settings/permissions-for-queries */
const READ_ONLY = { readonly: '2' } as const

export const registerSql: Register = (program, context) => {
  const command = program
    .command('sql')
    .description('ask the store')
    .argument('<statement>', 'an SQL statement; - reads it from standard input')
    .option('--write', 'allow statements that change something')
    .option('--json', 'print one array of row objects')
    .addHelpText(
      'after',
      '\nExample:\n  millrace sql "SELECT * FROM page_views_minute_v ORDER BY window_start DESC LIMIT 10"',
    )
    .action(async (argument: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const statement = (argument === '-' ? await readAll(context.stdin) : argument).trim().replace(/;$/, '')
      if (statement === '') throw new MillraceError('invalid_setting', 'the statement is empty')
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'sql'))
      if (options.write && !answersRows(statement)) {
        await store.db.command(statement)
        if (options.json) context.stdout.write('[]\n')
        return
      }
      const rows = await (options.write ? ask(store.db, statement) : askReadOnly(store.db, statement))
      if (options.json) context.stdout.write(`${JSON.stringify(rows)}\n`)
      else if (rows.length === 0) context.stderr.write('no rows\n')
      else context.stdout.write(`${table(Object.keys(rows[0]!), rows.map(Object.values))}\n`)
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logFormat'])
}

type Row = Readonly<Record<string, unknown>>

function ask(db: Database, statement: string, settings = {}): Promise<Row[]> {
  return db.query<Row>(statement, { settings })
}

async function askReadOnly(db: Database, statement: string): Promise<Row[]> {
  try {
    return await ask(db, statement, READ_ONLY)
  } catch (error) {
    if (!(error instanceof StoreError && error.clickhouseCode === REFUSED_AS_READ_ONLY)) throw error
    throw new MillraceError('invalid_setting', `the statement changes something: ${error.message}`, {
      cause: error,
      hint: 'Give --write to allow that.',
    })
  }
}

/** READONLY, src/Common/ErrorCodes.cpp in ClickHouse */
const REFUSED_AS_READ_ONLY = 164

function answersRows(statement: string): boolean {
  return /^\s*(?:(?:--.*\n|\/\*[\s\S]*?\*\/)\s*)*(select|with|show|describe|desc|explain|exists|check)\b/i.test(
    statement,
  )
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
