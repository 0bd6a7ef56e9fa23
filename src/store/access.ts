import { MillraceError } from '../errors.ts'
import type { Database } from './database.ts'

/** The first ClickHouse that has every setting and function that the statements use. */
const OLDEST = [25, 6] as const

/** What the program writes. */
const WRITTEN = [
  'page_views_raw',
  'processing_errors',
  'rollup_windows',
  'page_views_slice',
  'page_views_agg_minute',
  'page_views_agg_hour',
]

/**
 * Checks that the server is new enough.
 *
 * @returns its version
 * @throws MillraceError `store_refused`; also when what answers is no ClickHouse
 */
export async function checkVersion(db: Database): Promise<string> {
  // Our own database may not be there yet.
  const server = db.alone({ database: 'system' })
  const [row] = await server
    .query<{ version?: unknown }>('SELECT version() AS version')
    .finally(() => server.close())
  const version = String(row?.version)
  const [major, minor] = version.split('.').map(Number)
  if (major === undefined || minor === undefined || !(major > 0)) {
    throw new MillraceError('store_refused', `what answers is no ClickHouse: its version is "${version}"`, {
      hint: 'Check MILLRACE_CLICKHOUSE_URL.',
    })
  }
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return version
  throw new MillraceError(
    'store_refused',
    `the ClickHouse server is version ${version}; ${OLDEST.join('.')} or later is needed`,
    {
      hint: 'Upgrade the server.',
    },
  )
}

/**
 * Checks that the user may write, by writing no rows: it is better to hear it at the start than with the first batch.
 *
 * @throws MillraceError `store_refused`
 */
export async function checkMayWrite(db: Database): Promise<void> {
  for (const table of WRITTEN) await db.command(`INSERT INTO ${table} SELECT * FROM ${table} WHERE 0`)
}

/** Whether the user may make the database and its tables where there are none. */
export async function mayMakeTables(db: Database): Promise<boolean> {
  const server = db.alone({ database: 'system' })
  try {
    const [row] = await server.query<{ result: number }>(
      `CHECK GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW ON ${db.name}.*`,
    )
    return row?.result === 1
  } finally {
    await server.close()
  }
}
