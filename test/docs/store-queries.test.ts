import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { storeFixture } from '../store/fixture.ts'

const store = storeFixture()

test("the queries of the store's page run", async (t) => {
  const db = await store.database(t)
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/store.md'), 'utf8')
  const queries = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql]) => sql!)
  assert.ok(queries.length >= 3)
  for (const sql of queries) assert.deepEqual(await db.query(sql), [])
})
