import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { rowsTable } from '../../src/store/ddl.ts'
import { countErrors, getError, listErrors, markResolved } from '../../src/store/dead-letters.ts'
import { commandEverywhere } from '../../src/store/everywhere.ts'
import type { ErrorRow } from '../../src/store/port.ts'
import { anyText } from './events.ts'
import { storeFixture, tries, truncate } from './fixture.ts'

const store = storeFixture()

function insert(db: Database, rows: readonly ErrorRow[]): Promise<void> {
  return new ClickHouseStore({ db, windowToMark: (startMs) => ({ level: 'slice', startMs }) }).insertErrors(
    rows,
  )
}

function errorRow(changes: Partial<ErrorRow> = {}): ErrorRow {
  return {
    topic: 'page-views',
    partition: 0,
    offset: 0,
    key: Buffer.from('key'),
    value: Buffer.from('{broken'),
    reason: 'broken_json',
    detail: 'no JSON',
    rejectedAtMs: 1_790_000_000_123,
    ...changes,
  }
}

test('bytes of every kind come back as they were, none apart from empty', async (t) => {
  const db = await store.database(t)
  const bytes = fc.option(fc.uint8Array({ maxLength: 300 }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(bytes, bytes, anyText), { minLength: 1, maxLength: 20 }),
      async (messages) => {
        await truncate(db, 'processing_errors')
        const rows = messages.map(([key, value, detail], offset) => errorRow({ key, value, detail, offset }))
        await insert(db, rows)
        const found = (await listErrors(db, { limit: 100 })).sort((a, b) => a.offset - b.offset)
        assert.deepEqual(
          found.map(({ key, value, detail }) => ({ key, value, detail })),
          rows.map(({ key, value, detail }) => ({
            key: key && Buffer.from(key),
            value: value && Buffer.from(value),
            detail: detail.toWellFormed(),
          })),
        )
      },
    ),
    { numRuns: tries(25) },
  )
})

test('a message is one row however often it comes, and stays resolved', async (t) => {
  const db = await store.database(t)
  const place = { topic: 'page-views', partition: 3, offset: 2 ** 53 - 1 }
  const row = errorRow(place)
  await insert(db, [row, row])
  await insert(db, [{ ...row, rejectedAtMs: row.rejectedAtMs + 40 * 86_400_000 }])
  assert.equal((await getError(db, place)).resolved, null)
  await markResolved(db, [{ ...place, how: 'replayed' }])
  await insert(db, [row])
  await commandEverywhere(db, `OPTIMIZE TABLE ${rowsTable('processing_errors', db.place)} FINAL`)
  const found = await getError(db, place)
  assert.equal(found.resolved?.how, 'replayed')
  assert.equal(found.value?.toString(), '{broken')
  assert.equal((await listErrors(db, { limit: 10 })).length, 1)
  assert.equal((await listErrors(db, { limit: 10, resolved: false })).length, 0)
})

test('filters, counts and places', async (t) => {
  const db = await store.database(t)
  const rows = Array.from({ length: 300 }, (_, offset) =>
    errorRow({
      offset,
      partition: offset % 2,
      reason: offset % 3 === 0 ? 'too_late' : 'broken_json',
      rejectedAtMs: 1_790_000_000_000 + offset,
    }),
  )
  await insert(db, rows)
  assert.deepEqual(await countErrors(db), [
    { reason: 'broken_json', count: 200 },
    { reason: 'too_late', count: 100 },
  ])
  const late = await listErrors(db, { reason: 'too_late', partition: 0, limit: 3 })
  assert.deepEqual(
    late.map(({ offset }) => offset),
    [294, 288, 282],
  )
  assert.equal(
    (await listErrors(db, { fromMs: 1_790_000_000_010, toMs: 1_790_000_000_020, limit: 100 })).length,
    10,
  )
  await markResolved(
    db,
    rows.map((row) => ({ ...row, how: 'dropped' })),
  )
  assert.equal((await listErrors(db, { resolved: true, limit: 1_000 })).length, 300)
  await assert.rejects(getError(db, { partition: 9, offset: 0 }), { code: 'not_found' })
  await insert(db, [errorRow({ topic: 'other' })])
  await assert.rejects(getError(db, { partition: 0, offset: 0 }), {
    code: 'not_found',
    hint: /other, page-views/,
  })
})
