import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifyReport } from '../../src/verify/report.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const AUDITS = 3

test('under load an audit never takes what is in flight for a difference, and still names a true one', async (t) => {
  const system = await System.create(t)
  await system.up()
  await system.post(`${system.producerUrl}/config/speed?eps=1000`)
  await eventually('some thousand events', async () => (await system.producerStatus()).sent > 5_000)

  for (let audit = 1; audit <= AUDITS; audit++) {
    const report = await look(system)
    assert.equal(report.differences_total, 0, `audit ${audit}: ${JSON.stringify(report, null, 2)}`)
    assert.equal(report.offsets?.missing, 0)
  }

  const [row] = await system.sql(
    'SELECT toString(event_id) AS id, page_id, kafka_partition AS partition, kafka_offset AS offset FROM page_views ORDER BY event_time LIMIT 1',
  )
  const { id, partition, offset } = row as { id: string; partition: number; offset: number }
  await system.sql(`DELETE FROM page_views_raw WHERE event_id = '${id}'`, '--write')
  const lost = await look(system)
  const named = lost.differences.find(({ check }) => check === 'offsets')
  assert.deepEqual(named?.offsets, { partition, from: offset, until: offset + 1 }, JSON.stringify(lost))
  await system.sql(
    `INSERT INTO page_views_breakdown_hour SELECT * REPLACE (view_count * 2 AS view_count, version + 3600000000000 AS version)
     FROM page_views_breakdown_hour FINAL WHERE dimension = 'all'`,
    '--write',
  )
  const doubled = await look(system)
  assert.ok(
    doubled.differences.some(({ check, cause }) => check === 'hour' && cause === 'aggregate_more'),
    JSON.stringify(doubled),
  )

  // While its minute goes on, the next view of the same page stands in for the lost one: the ledger only counts.
  await system.post(`${system.producerUrl}/generate/pause`)
  await eventually('nothing to wait to be sent', async () => {
    const { buffer_used: waiting, generated, sent, failed } = await system.producerStatus()
    return waiting === 0 && generated === sent + failed
  })
  const quiet = await look(system)
  const ledger = quiet.differences.find(({ check }) => check === 'ledger')
  assert.equal(ledger?.cause, 'raw_less', JSON.stringify(quiet))
})

async function look(system: System): Promise<VerifyReport> {
  const { report } = await system.verify()
  return report as unknown as VerifyReport
}
