import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendValues } from '../dashboard/log.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('dead letters over HTTP: listed, shown, corrected, sent, and refused with words', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const url = `${system.consumerUrl}/dead-letters`
  const timestamp = new Date().toISOString()
  const view = { page_id: '/p', user_id: '', view_duration_ms: 5, timestamp, is_bounce: true }
  await appendValues(system, ['no json \u001b[31m', JSON.stringify(view), 'x'.repeat(5_000)])
  await eventually('three to be rejected', async () => (await system.get(url)).total === 3)

  const { by_reason: reasons, dead_letters: letters } = await system.get(`${url}?limit=2`)
  assert.equal(letters.length, 2)
  assert.deepEqual(reasons, [
    { reason: 'broken_json', count: 2 },
    { reason: 'empty_user_id', count: 1 },
  ])
  assert.equal((await system.get(`${url}?reason=empty_user_id&partition=0`)).total, 1)
  assert.equal((await system.get(`${url}?to=2020-01-01T00:00:00Z`)).total, 0)
  const one = await system.get(`${url}/message?partition=0&offset=2`)
  assert.equal(one.message.content.length, 5_000)
  const first = await system.get(`${url}/message?partition=0&offset=0`)
  assert.equal(first.message.content, 'no json \\u001b[31m')

  const post = async (path: string, body: unknown): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, text: await response.text() }
  }
  const place = { partition: 0, offset: 1 }
  const refusals: [string, unknown, number, RegExp][] = [
    ['replay', place, 404, /no correction waits/],
    ['fix', { ...place, message: '{}' }, 400, /missing_field/],
    ['fix', place, 400, /message is missing/],
    ['fix', { partition: 9, offset: 9, message: '{}' }, 404, /no dead letter at partition 9/],
    ['replay', { partition: -1, offset: 0 }, 400, /partition/],
  ]
  for (const [path, body, status, words] of refusals) {
    const answer = await post(path, body)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.text, words)
  }
  const fixed = JSON.stringify({ ...view, user_id: 'u-1' })
  assert.equal((await post('fix', { ...place, message: fixed })).status, 200)
  assert.equal((await post('replay', place)).status, 200)
  assert.equal((await post('replay', place)).status, 404, 'what was sent is not sent again')
  await eventually('the view to count', async () => {
    const { totals } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
    return totals.view_count === 1
  })
  assert.equal((await system.get(`${url}?state=all`)).total, 3, 'it is resolved, not removed')
})
