import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Database } from '../../src/store/database.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()

/** A server that answers everything with this body, and with the summary of an answer of one row. */
async function answering(t: TestContext, body: string): Promise<Database> {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('X-ClickHouse-Summary', '{"read_rows":"20000","result_rows":"1","result_bytes":"136"}')
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const endpoint = { url: `http://127.0.0.1:${port}`, user: 'u', password: 'p', database: 'd' }
  const db = new Database({ endpoint: () => endpoint })
  t.after(async () => {
    await db.close()
    server.close()
  })
  return db
}

test('an answer that a full disk has emptied is no answer of zero rows: it is asked for again', async (t) => {
  const db = await answering(t, '')
  await assert.rejects(db.query('SELECT count() FROM page_views_raw'), {
    code: 'store_unavailable',
    kind: 'transient',
    message: /0 of 1 rows/,
  })
})

test('an answer with the rows that its summary tells is whole', async (t) => {
  const db = await answering(t, '{"n":7}\n')
  assert.deepEqual(await db.query('SELECT 7 AS n'), [{ n: 7 }])
})

test('what a real server says of its rows is so, with limits, totals and no rows at all', async (t) => {
  const { name } = await store.database(t)
  const db = new Database({ endpoint: () => ({ ...store.endpoint(), database: name }) })
  t.after(() => db.close())
  for (const [sql, rows] of [
    ['SELECT number FROM numbers(100000) LIMIT 5', 5],
    ['SELECT number % 3 AS k, count() FROM numbers(100) GROUP BY k WITH TOTALS', 3],
    ['SELECT number % 3 AS k, count() FROM numbers(100) GROUP BY k WITH ROLLUP', 4],
    ['SELECT number FROM numbers(100) LIMIT 1 BY number % 7', 7],
    ['SELECT 1 WHERE 0', 0],
    ['SELECT * FROM (SELECT 1 UNION ALL SELECT 2)', 2],
    ["SHOW TABLES LIKE 'schema_migrations'", 1],
  ] as const) {
    const answer = await db.query(sql)
    assert.ok(answer.length >= rows, `${sql}: ${answer.length}`)
  }
})
