import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { System } from '../helpers/system.ts'

const LOGS = ['apache-semicomplete.access.log.gz', 'nginx-erddap.access.log.gz'].map((name) =>
  resolve(import.meta.dirname, '../data', name),
)
const COUNT = resolve(import.meta.dirname, '../replay/independent_count.py')
const FOR_EVER = { MILLRACE_RAW_TTL_DAYS: '0', MILLRACE_MINUTE_TTL_DAYS: '0', MILLRACE_GENERATE: 'off' }
const VIEWS = `SELECT page_id, toUnixTimestamp(window_start) AS hour, toUInt32(view_count) AS views
               FROM page_views_hour_v ORDER BY page_id, hour`

test('both real logs: views by page and hour equal an independent count, also when replayed again', async (t) => {
  const system = await System.create(t, FOR_EVER)
  const program = await system.up()

  for (const log of LOGS) {
    const replayed = await system.run('replay', log)
    assert.equal(replayed.status, 0, replayed.stderr)
  }
  await system.verifyAgrees()
  const views = await system.sql(VIEWS)
  assert.deepEqual(views, await independentCount())

  const before = await everything(system)
  for (const log of LOGS) {
    const again = await system.run('replay', log)
    assert.equal(again.status, 0, again.stderr)
  }
  await system.verifyAgrees()
  assert.deepEqual(await everything(system), before)
  await program.interrupt()
})

test('a log older than raw rows are kept is refused before anything is sent', async (t) => {
  const system = await System.create(t)
  const ended = await system.run('replay', LOGS[0]!)
  assert.notEqual(ended.status, 0)
  assert.match(ended.stderr, /2015-05/)
  assert.match(ended.stderr, /MILLRACE_RAW_TTL_DAYS=0/)
})

async function independentCount(): Promise<{ page_id: string; hour: number; views: number }[]> {
  const { stdout } = await promisify(execFile)('python3', [COUNT, '--json', ...LOGS], { maxBuffer: 2 ** 28 })
  const rows = JSON.parse(stdout) as { page_id: string; hour: number; views: number }[]
  assert.ok(rows.length > 1_000)
  return rows
}

/** All numbers of all levels, to see that none changed. */
async function everything(system: System): Promise<unknown> {
  return {
    minutes: await system.sql('SELECT * FROM page_views_minute_v ORDER BY ALL'),
    hours: await system.sql('SELECT * FROM page_views_hour_v ORDER BY ALL'),
    raw: await system.sql('SELECT count(), uniqExact(event_id) FROM page_views'),
    errors: await system.sql('SELECT count() FROM processing_errors_v'),
  }
}
