import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { checkSchema, migrate, readMigrations } from '../../src/store/migrate.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()

test('migrations are applied once and recorded', async (t) => {
  const db = store.nothing(t)
  const names = (await readMigrations()).map(({ name }) => name)
  assert.deepEqual(await migrate(db), names)
  assert.deepEqual(await migrate(db), [])
  await checkSchema(db)
  assert.deepEqual(
    (await db.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY number')).map(
      (row) => row.name,
    ),
    names,
  )
  const tables = await db.query<{ name: string }>('SHOW TABLES')
  for (const name of [
    'page_views_raw',
    'page_views_agg_minute',
    'page_views_agg_hour',
    'processing_errors',
  ]) {
    assert.ok(
      tables.some((table) => table.name === name),
      name,
    )
  }
})

test('two processes that start at once both end with the whole schema', async (t) => {
  const db = store.nothing(t)
  const program = join(import.meta.dirname, 'migrate-process.ts')
  const endpoint = JSON.stringify({ ...store.endpoint(), database: db.name })
  const run = (): Promise<unknown> => promisify(execFile)(process.execPath, [program, endpoint])
  await Promise.all([run(), run(), run()])
  await checkSchema(db)
  assert.deepEqual(await migrate(db), [])
})

test('a database without tables is refused with what to do', async (t) => {
  const db = store.nothing(t)
  const refusal = { code: 'store_refused', hint: /-init-schema/ }
  await assert.rejects(checkSchema(db), refusal)
  await db.createDatabase()
  await assert.rejects(checkSchema(db), refusal)
})

test('tables that lack a migration are older than the program', async (t) => {
  const db = store.nothing(t)
  const all = await readMigrations()
  await migrate(db, all.slice(0, 2))
  await assert.rejects(checkSchema(db), { code: 'store_refused', message: /older.*003_views\.sql/ })
  await migrate(db)
  await checkSchema(db)
})

test('an applied file that has changed, and a newer schema, are refused', async (t) => {
  const db = await store.database(t)
  const [first, ...others] = await readMigrations()
  const changed = [{ ...first!, checksum: 'other' }, ...others]
  await assert.rejects(migrate(db, changed), {
    code: 'store_refused',
    message: /001_page_views\.sql has changed/,
  })
  await assert.rejects(migrate(db, [first!]), { code: 'store_refused', message: /newer than this program/ })
})
