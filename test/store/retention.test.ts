import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { rowsTable } from '../../src/store/ddl.ts'
import { commandEverywhere } from '../../src/store/everywhere.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()
const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 23, 12, 34)

/** How often the definition of a table was changed, and the days of its TTL. */
async function ttlOf(db: Database, table: string): Promise<number | null> {
  const [row] = await db.query<{ ddl: string }>(
    'SELECT engine_full AS ddl FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { params: { table: rowsTable(table, db.place) } },
  )
  const match = /toIntervalDay\((\d+)\)/.exec(row!.ddl)
  return match ? Number(match[1]) : null
}

test('TTLs follow the settings, and 0 keeps for ever', async (t) => {
  const db = await store.database(t)
  for (const [rawTtlDays, minuteTtlDays] of [
    [30, 7],
    [0, 7],
    [3, 0],
    [0, 0],
    [36_500, 36_500],
  ] as const) {
    const retention = await applyRetention(db, { rawTtlDays, minuteTtlDays }, NOW)
    const days = (n: number): number | null => (n === 0 ? null : n)
    assert.equal(await ttlOf(db, 'page_views_raw'), days(rawTtlDays))
    assert.equal(await ttlOf(db, 'processing_errors'), days(rawTtlDays))
    assert.equal(await ttlOf(db, 'page_views_agg_minute'), days(minuteTtlDays))
    assert.equal(await ttlOf(db, 'page_views_breakdown_minute'), days(minuteTtlDays))
    assert.equal(await ttlOf(db, 'page_views_agg_hour'), null)
    assert.equal(retention.raw.keepMs, rawTtlDays === 0 ? Number.POSITIVE_INFINITY : rawTtlDays * DAY_MS)
    assert.deepEqual(retention.raw.gaps, [], 'nothing was there that could have expired')
  }
})

test('TTLs that are right already are left alone', async (t) => {
  const db = await store.database(t)
  const settings = { rawTtlDays: 30, minuteTtlDays: 7 }
  await applyRetention(db, settings, NOW)
  const commands: string[] = []
  const watched = new Proxy(db, {
    get(target, name) {
      if (name === 'command') return async (sql: string) => void commands.push(sql)
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await applyRetention(watched, settings, NOW)
  assert.deepEqual(commands, [])
})

test('a TTL made longer leaves a gap where rows may have expired', async (t) => {
  const db = await store.database(t)
  await applyRetention(db, { rawTtlDays: 30, minuteTtlDays: 7 }, NOW)
  const firstMs = Date.UTC(2026, 8, 1, 5)
  await db.command(
    `INSERT INTO page_views_breakdown_hour (window_start, dimension, view_count) VALUES (${firstMs / 1_000}, 'all', 1)`,
  )
  const retention = await applyRetention(db, { rawTtlDays: 60, minuteTtlDays: 7 }, NOW)
  const untilMs = Date.UTC(2026, 9, 24, 13)
  assert.deepEqual(retention.raw.gaps, [{ fromMs: firstMs, untilMs }])
  assert.deepEqual(retention.minute.gaps, [])
  const again = await applyRetention(db, { rawTtlDays: 60, minuteTtlDays: 0 }, NOW)
  assert.deepEqual(again.raw.gaps, [{ fromMs: firstMs, untilMs }])
  assert.deepEqual(again.minute.gaps, [{ fromMs: firstMs, untilMs: Date.UTC(2026, 10, 16, 13) }])
})

test('rows past their TTL go, the others stay', async (t) => {
  const db = await store.database(t)
  await applyRetention(db, { rawTtlDays: 30, minuteTtlDays: 7 }, Date.now())
  await db.command(
    `INSERT INTO page_views_raw (event_time, page_id, event_id)
     SELECT now64(3) - toIntervalDay(number * 20), '/', generateUUIDv4() FROM numbers(4)`,
  )
  await commandEverywhere(db, `OPTIMIZE TABLE ${rowsTable('page_views_raw', db.place)} FINAL`)
  assert.deepEqual(await db.query('SELECT count() AS rows FROM page_views_raw'), [{ rows: 2 }])
})
