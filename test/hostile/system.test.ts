import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { toWire } from '../../src/event/page-view.ts'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { VIEW } from '../consumer/messages.ts'
import { hostileValue } from '../helpers/hostile-messages.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const MESSAGES = 2_000
const INJECTIONS = [
  "'; DROP TABLE page_views_raw; --",
  "' OR 1=1 --",
  '{x:String}',
  "\\'); SELECT 1",
  '1 UNION SELECT 1',
  '%27%00',
  '../x',
]

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
}

test('a whole system with hostile messages and hostile parameters keeps each message in one table, and its tables', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  const now = Date.now()
  const values = fc
    .sample(hostileValue(now), { seed: 13, numRuns: MESSAGES })
    .filter(({ length }) => length < 2 ** 20)
  const { log, close } = await openLmdbLog({ dataDir: system.dataDir, topic: 'page-views', partitions: 6 })
  const writer = await log.writer()
  const record = (value: Uint8Array, i: number) => {
    return { partition: i % 6, key: Buffer.from(randomUUID()), value: Buffer.from(value), timestampMs: now }
  }
  await writer.append(values.map(record))
  const good = Buffer.from(JSON.stringify(toWire({ ...VIEW, pageId: '/good', timestampMs: now })))
  await writer.append(Array.from({ length: 6 }, (_, i) => record(good, i)))
  await close()
  const sent = values.length + 6

  await system.up()
  await eventually('all to be read and written', async () => {
    const { processed, lag } = await system.consumerStatus()
    return processed === sent && lag === 0
  })
  const [tables] = await system.sql(`
    SELECT count() AS places, countIf(v = 1 AND e = 0) AS views, countIf(v = 0 AND e = 1) AS errors FROM (
      SELECT partition, offset, sum(view) AS v, sum(error) AS e FROM (
        SELECT kafka_partition AS partition, kafka_offset AS offset, 1 AS view, 0 AS error FROM page_views_raw FINAL
        UNION ALL SELECT kafka_partition, kafka_offset, 0, 1 FROM processing_errors FINAL)
      GROUP BY partition, offset)`)
  assert.equal(tables!.places, sent)
  assert.equal(Number(tables!.views) + Number(tables!.errors), sent)
  assert.ok(Number(tables!.views) > 6 && Number(tables!.errors) > 100)

  const { paths } = (await system.get(`${system.consumerUrl}/openapi.json`)) as {
    paths: Record<string, Record<string, Operation>>
  }
  let asked = 0
  for (const [path, { get }] of Object.entries(paths)) {
    for (const { name } of get?.parameters?.filter((parameter) => parameter.in === 'query') ?? []) {
      for (const injection of INJECTIONS) {
        const answer = await fetch(`${system.consumerUrl}${path}?${name}=${encodeURIComponent(injection)}`)
        const text = await answer.text()
        assert.ok(answer.status < 500, `${path}?${name}=${injection}: ${answer.status} ${text}`)
        assert.doesNotMatch(text, /DB::Exception/)
        asked += 1
      }
    }
  }
  assert.ok(asked > 50, `${asked}`)
  const [after] = await system.sql('SELECT count() AS rows FROM page_views_raw FINAL')
  assert.equal(after!.rows, tables!.views)
  const { totals } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1&page_id=/good`)
  assert.equal(totals.view_count, 6)
})
