import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { startTestClickHouse } from '../helpers/clickhouse.ts'

test("the queries of the store's page run", async (t) => {
  const endpoint = await startTestClickHouse(t)
  const db = new Database({ endpoint: () => endpoint })
  t.after(() => db.close())
  await migrate(db)
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/store.md'), 'utf8')
  const queries = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql]) => sql!)
  assert.ok(queries.length >= 3)
  for (const sql of queries) assert.deepEqual(await db.query(sql), [])
})
