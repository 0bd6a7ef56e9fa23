import assert from 'node:assert/strict'
import { test } from 'node:test'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('every message of two reasons corrected and sent, then sent again: each counts once, and verify agrees', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off', MILLRACE_INVALID: '0.5' })
  await system.up()
  await system.post(`${system.producerUrl}/generate/burst?count=1000`)
  await eventually('all to be read', async () => {
    const { processed } = await system.consumerStatus()
    return processed === 1_000
  })
  const before = (await system.verifyAgrees()) as unknown as {
    raw: { unique: number }
    errors: { total: number }
  }
  const letters = async (...args: string[]) => {
    const { status, stdout, stderr } = await system.run('dead-letters', ...args, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }
  let corrected = 0
  for (const [reason, path, value] of [
    ['negative_duration', '/view_duration_ms', 5],
    ['empty_page_id', '/page_id', '/corrected'],
  ] as const) {
    const patch = JSON.stringify([{ op: 'replace', path, value }])
    corrected += (await letters('fix', '--reason', reason, '--patch', patch)).corrected
  }
  assert.ok(corrected > 10, 'the generator makes both of them')
  assert.equal((await letters('replay')).length, corrected)
  assert.equal((await letters('replay')).length, 0)

  await eventually('all to be read', async () => (await system.consumerStatus()).lag === 0)
  const after = (await system.verifyAgrees()) as unknown as typeof before
  assert.equal(after.raw.unique, before.raw.unique + corrected)
  assert.equal(after.errors.total, before.errors.total, 'resolved, not removed')
  const [row] = await system.sql(
    'SELECT countIf(resolved_at IS NOT NULL) AS resolved FROM processing_errors FINAL',
  )
  assert.deepEqual(row, { resolved: corrected })
})
