import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('a dead letter is looked at, corrected and sent again; done twice it counts once', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  // What some other sender has put into the log, with its key and without what a page view needs.
  const { log, ledger, close } = await openLmdbLog({ dataDir: system.dataDir, topic: 'page-views' })
  const key = '0199f2a4-7c1e-7b3a-9c55-1f2e3d4c5b6a'
  const timestamp = new Date().toISOString()
  const view = { page_id: '', user_id: 'u\u001b[31m', view_duration_ms: 1_000, timestamp, is_bounce: false }
  const record = {
    partition: 2,
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(view)),
    timestampMs: Date.now(),
  }
  const entry = { kind: 'invalid', reason: 'empty_page_id' } as const
  await (await log.writer()).append([record], ledger.begin([{ ...record, entry }]))
  await close()

  const program = await system.up()
  await eventually('the message to be rejected', async () => (await system.consumerStatus()).invalid === 1)
  const list = await system.run('dead-letters', 'list', '--json')
  assert.equal(list.status, 0, list.stderr)
  const [letter] = JSON.parse(list.stdout)
  assert.deepEqual(
    [letter.partition, letter.offset, letter.reason, letter.resolved],
    [2, 0, 'empty_page_id', null],
  )
  const shown = await system.run('dead-letters', 'show', '2/0')
  assert.match(shown.stdout, /page_id is empty/)
  assert.ok(!shown.stdout.includes('\u001b'), 'nothing that a terminal would obey')

  const bad = await system.run('dead-letters', 'fix', '2/0', '--set', 'page_id=')
  assert.equal(bad.status, 1)
  assert.match(bad.stderr, /missing_field/)
  assert.equal((await system.run('dead-letters', 'show', '9/9')).status, 1)
  assert.equal((await system.run('dead-letters', 'replay', '2/0')).status, 1, 'nothing is corrected yet')

  for (let i = 0; i < 2; i++) {
    const fixed = await system.run('dead-letters', 'fix', '2/0', '--set', 'page_id=/mended')
    assert.equal(fixed.status, 0, fixed.stderr)
    const replayed = await system.run('dead-letters', 'replay', '--json')
    assert.equal(replayed.status, 0, replayed.stderr)
    if (i === 0) assert.deepEqual(JSON.parse(replayed.stdout), [{ partition: 2, offset: 0, event_id: key }])
  }
  await system.verifyAgrees()
  const answer = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
  assert.equal(answer.totals.view_count, 1)
  assert.equal(answer.pages[0].page_id, '/mended')
  assert.deepEqual(JSON.parse((await system.run('dead-letters', 'list', '--json')).stdout), [])
  const all = JSON.parse((await system.run('dead-letters', 'list', '--all', '--json')).stdout)
  assert.match(all[0].resolved.how, new RegExp(key))
  await program.interrupt()
})
