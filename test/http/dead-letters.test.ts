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
    ['fix', place, 400, /give one of message, patch and map/],
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

  // Many at once.
  const many = { reason: 'broken_json', map: 'page_id = "/x"' }
  for (const [path, body, words] of [
    ['fix-many', { map: 'page_id = "/x"' }, /give a choice/],
    ['fix-many', { reason: 'broken_json' }, /give one of patch and map/],
    ['fix-many', { ...many, patch: [] }, /only one kind of change/],
    ['fix-many', { ...many, map: 'page_id' }, /the mapping is wrong at character 8/],
    ['fix', { partition: 0, offset: 0, patch: 'x' }, /JSON Patch cannot be used/],
    ['fix', { partition: 0, offset: 0, patch: [], message: '{}' }, /JSON Patch cannot be used/],
    ['import', {}, /x-ndjson/],
  ] as [string, unknown, RegExp][]) {
    const answer = await post(path, body)
    assert.ok(answer.status === 400 || answer.status === 415, answer.text)
    assert.match(answer.text, words)
  }
  const refused = JSON.parse((await post('fix-many', { ...many, dry_run: true })).text)
  assert.deepEqual([refused.matched, refused.corrected, refused.refused.length > 0], [2, 0, true])
  assert.deepEqual((await system.get(`${url}/counts?by=reason`)).counts, [{ value: 'broken_json', count: 2 }])

  const exported = await fetch(`${url}/export?state=all`)
  assert.equal(exported.headers.get('content-type'), 'application/x-ndjson')
  const lines = (await exported.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(lines.length, 3)
  lines[0].message = { json: { ...view, user_id: 'u-2' } }
  const imported = await fetch(`${url}/import?by=Ann`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  assert.deepEqual(await imported.json(), {
    lines: 3,
    corrected: 1,
    unchanged: 2,
    refused: [],
    refused_count: 0,
  })
  const elsewhere = await fetch(`${url}/fix`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{}',
  })
  assert.equal(elsewhere.status, 415)
  const sent = JSON.parse((await post('replay-all', { by: 'Ann' })).text)
  assert.deepEqual([sent.sent.length, sent.refused.length], [1, 0])
  const { replays } = await system.get(`${url}/message?partition=0&offset=0`)
  assert.deepEqual(
    replays.map(({ by }: { by: string }) => by),
    ['Ann'],
  )
  await eventually('both to count', async () => {
    const { totals } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
    return totals.view_count === 2
  })
})
