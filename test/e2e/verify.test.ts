import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

interface Report {
  agrees: boolean
  differences: { check: string; where: string; expected: string; found: string }[]
}

/** An audit that cannot fail says nothing. Each of these breaks one thing, sees it named, and mends it again. */
test('verify names a deleted raw row, a doubled aggregate and an edited ledger', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  const program = await system.up()
  await system.post(`${system.producerUrl}/generate/burst?count=500`)
  await eventually('the burst to be sent', async () => (await system.producerStatus()).sent >= 500)
  await system.verifyAgrees()

  await t.test('an aggregate that is twice what it should be', async () => {
    const [top] = await system.sql(
      'SELECT toUnixTimestamp(window_start) AS window, page_id, view_count FROM page_views_minute_v ORDER BY view_count DESC LIMIT 1',
    )
    const {
      window,
      page_id: page,
      view_count: views,
    } = top as { window: number; page_id: string; view_count: number }
    await system.sql(
      `INSERT INTO page_views_agg_minute SELECT * REPLACE (view_count * 2 AS view_count, version + 1 AS version)
       FROM page_views_agg_minute FINAL WHERE page_id = '${page}' AND toUnixTimestamp(window_start) = ${window}`,
      '--write',
    )
    const found = await disagreement(system)
    const named = found.find(({ check }) => check === 'minute')
    assert.ok(named, JSON.stringify(found))
    assert.ok(named.where.includes(page), named.where)
    assert.ok(named.found.includes(`${2 * views} views`), named.found)
    await system.sql(
      `INSERT INTO page_views_agg_minute SELECT * REPLACE (toUInt64(${views}) AS view_count, version + 1 AS version)
       FROM page_views_agg_minute FINAL WHERE page_id = '${page}' AND toUnixTimestamp(window_start) = ${window}`,
      '--write',
    )
    await system.verifyAgrees()
  })

  await t.test('a raw row that is gone', async () => {
    const [row] = await system.sql('SELECT toString(event_id) AS id, page_id FROM page_views LIMIT 1')
    const { id, page_id: page } = row as { id: string; page_id: string }
    await system.sql(`CREATE TABLE kept AS page_views_raw ENGINE = Memory`, '--write')
    await system.sql(
      `INSERT INTO kept SELECT * FROM page_views_raw FINAL WHERE event_id = '${id}'`,
      '--write',
    )
    await system.sql(`DELETE FROM page_views_raw WHERE event_id = '${id}'`, '--write')
    const found = await disagreement(system)
    for (const check of ['ledger', 'minute', 'hour', 'repeats']) {
      const named = found.find((difference) => difference.check === check)
      assert.ok(named, `${check} is not among ${JSON.stringify(found)}`)
      if (check === 'ledger') assert.ok(named.where.includes(page), named.where)
    }
    await system.sql('INSERT INTO page_views_raw SELECT * FROM kept', '--write')
    await system.sql('DROP TABLE kept', '--write')
    await system.verifyAgrees()
  })

  await program.interrupt()

  await t.test('a ledger that says more than was sent', async () => {
    const { log, ledger, close } = await openLmdbLog({ dataDir: system.dataDir, topic: 'page-views' })
    const writer = await log.writer()
    const edited = {
      kind: 'view',
      pageId: '/edited',
      timestampMs: Date.now(),
      durationMs: 1,
      isBounce: false,
    } as const
    await writer.append([], ledger.begin([{ key: null, entry: edited }]))
    await close()
    const again = await system.up()
    const found = await disagreement(system)
    assert.ok(
      found.some(({ check, where }) => check === 'ledger' && where.includes('/edited')),
      JSON.stringify(found),
    )
    assert.ok(found.some(({ check }) => check === 'messages'))
    await again.interrupt()
  })
})

async function disagreement(system: System): Promise<Report['differences']> {
  const { status, report } = await system.verify()
  assert.equal(report.agrees, false)
  assert.equal(status, 1)
  return (report as unknown as Report).differences
}
