import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../errors.ts'
import type { Database } from './database.ts'
import { createdBy, ddlFor } from './ddl.ts'
import { StoreError } from './errors.ts'
import { commandEverywhere, createDatabase } from './everywhere.ts'

/** A numbered file of SQL statements. */
export interface Migration {
  readonly number: number
  /** The file's name: `001_page_views.sql`. */
  readonly name: string
  readonly statements: readonly string[]
  /** SHA-256 of the file, in hex. */
  readonly checksum: string
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

const DIRECTORY = join(import.meta.dirname, 'migrations')

/** The program's own migrations, in their order. */
export async function readMigrations(directory = DIRECTORY): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{3}_\w+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8')
      return {
        number: Number(name.slice(0, 3)),
        name,
        statements: statementsOf(text),
        checksum: createHash('sha256').update(text).digest('hex'),
      }
    }),
  )
}

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations
  (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
  ENGINE = ReplacingMergeTree ORDER BY number`

/**
 * Brings the database to the schema of this program, creating it where it is missing. Each file is applied once and
 * recorded. Safe when several processes do it at the same time, and when one is killed in the middle: ClickHouse
 * has no transactions over DDL, so every statement is written to be repeatable (IF NOT EXISTS, OR REPLACE).
 *
 * @returns the names of the files that were applied
 * @throws MillraceError `store_refused` when an applied file has changed since, or the schema is newer than the program
 */
export async function migrate(db: Database, migrations?: readonly Migration[]): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations())
  await createDatabase(db)
  await run(db, MIGRATIONS_TABLE)
  const missing = missingOf(wanted, await appliedMigrations(db))
  await completeServers(
    db,
    wanted.filter((migration) => !missing.includes(migration)),
  )
  for (const migration of missing) {
    for (const statement of migration.statements) await run(db, statement)
    await db.command(
      'INSERT INTO schema_migrations (number, name, checksum) SELECT {number:UInt32}, {name:String}, {checksum:String}',
      { params: { number: migration.number, name: migration.name, checksum: migration.checksum } },
    )
  }
  return missing.map(({ name }) => name)
}

/**
 * Checks that the database has the schema of this program; for those that must not create it.
 *
 * @throws MillraceError `store_refused` when it is missing, older, newer or another one
 */
export async function checkSchema(db: Database, migrations?: readonly Migration[]): Promise<void> {
  const { missing, isEmpty } = await missingMigrations(db, migrations)
  if (missing.length === 0) return
  throw new MillraceError(
    'store_refused',
    isEmpty
      ? `the database ${db.name} has no tables of Millrace`
      : `the tables of the database ${db.name} are older than this program: ${missing.join(', ')} not applied`,
    { hint: 'Start the consumer with -init-schema once.' },
  )
}

/**
 * What -init-schema would apply, by the names of the files, and whether that is all there is.
 *
 * @throws MillraceError `store_refused` when the schema is newer than this program, or another one
 */
export async function missingMigrations(
  db: Database,
  migrations?: readonly Migration[],
): Promise<{ missing: string[]; isEmpty: boolean }> {
  const wanted = migrations ?? (await readMigrations())
  const missing = missingOf(wanted, await appliedOrNone(db))
  return { missing: missing.map(({ name }) => name), isEmpty: missing.length === wanted.length }
}

async function run(db: Database, statement: string): Promise<void> {
  for (const ddl of ddlFor(statement, db.place)) await commandEverywhere(db, ddl)
}

/** Gives servers that were added to a cluster what was applied before they were there. */
async function completeServers(db: Database, applied: readonly Migration[]): Promise<void> {
  const { cluster, database } = db.place
  if (cluster === null) return
  const statements = applied.flatMap((migration) => migration.statements)
  const names = [
    ...new Set(statements.flatMap((statement) => ddlFor(statement, db.place).flatMap(createdBy))),
  ]
  const [answer] = await db.query<{ complete: number }>(
    `SELECT count() = {names:UInt32} * (SELECT count() FROM system.clusters WHERE cluster = {cluster:String}) AS complete
     FROM clusterAllReplicas({cluster:String}, system.tables)
     WHERE database = {database:String} AND has({list:Array(String)}, name)`,
    { params: { names: names.length, list: names, database, cluster: cluster.name } },
  )
  if (answer?.complete) return
  for (const statement of statements) await run(db, statement)
}

function missingOf(wanted: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const newest = Math.max(0, ...wanted.map(({ number }) => number))
  for (const found of applied) {
    if (found.number > newest) {
      throw new MillraceError(
        'store_refused',
        `the tables are newer than this program: ${found.name} was applied`,
        { hint: 'Run the version of Millrace that created them, or a later one.' },
      )
    }
    const own = wanted.find(({ number }) => number === found.number)
    if (own !== undefined && own.checksum !== found.checksum) {
      throw new MillraceError(
        'store_refused',
        `${own.name} has changed since it was applied as ${found.name}`,
        {
          hint: 'Applied migrations are not edited: put the file back and add a new one.',
        },
      )
    }
  }
  const numbers = new Set(applied.map(({ number }) => number))
  return wanted.filter(({ number }) => !numbers.has(number))
}

function appliedMigrations(db: Database): Promise<Applied[]> {
  return db.query<Applied>('SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number')
}

async function appliedOrNone(db: Database): Promise<Applied[]> {
  try {
    return await appliedMigrations(db)
  } catch (error) {
    if (error instanceof StoreError && [60, 81].includes(error.clickhouseCode ?? 0)) return []
    throw error
  }
}

/** A statement ends with a semicolon at the end of a line. */
function statementsOf(text: string): string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '')
}
