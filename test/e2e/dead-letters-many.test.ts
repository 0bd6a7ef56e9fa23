import assert from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { appendValues } from '../dashboard/log.ts'
import { run, temporaryDirectory } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const OBEYED = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u

/** What a terminal would get, without the ends of lines. */
function assertSafe(text: string): void {
  assert.doesNotMatch(text.replaceAll('\n', ''), OBEYED)
}

test('many dead letters: one change to a reason, an export changed and imported, an editor, all sent', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  const timestamp = new Date().toISOString()
  const view = {
    page_id: '',
    user_id: 'u',
    view_duration_ms: 5,
    timestamp,
    is_bounce: true,
    url: '/from-url',
  }
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e'
  await appendValues(system, [
    ...Array.from({ length: 5 }, (_, i) => JSON.stringify({ ...view, user_id: `u${i}${evil}` })),
    JSON.stringify({ ...view, user_id: '' }),
    JSON.stringify({ ...view, page_id: '/p', view_duration_ms: -5 }),
    `{"page_id":"/q",${evil}`,
    Buffer.from([0xff, 0x00, 0x1b, 0x5b]),
    `{"page_id":"${'x'.repeat(1_000_000)}`,
  ])
  await system.up()
  await eventually('all to be rejected', async () => (await system.consumerStatus()).invalid === 10)
  const letters = (...args: string[]) => system.run('dead-letters', ...args)
  const json = async (...args: string[]) => {
    const ended = await letters(...args, '--json')
    assert.equal(ended.status, 0, ended.stderr)
    return JSON.parse(ended.stdout)
  }

  // Looking.
  const list = await letters('list')
  assertSafe(list.stdout)
  assert.match(list.stdout, /10 in all: empty_page_id 6/)
  assert.deepEqual(await json('list', '--count-by', 'partition'), [{ value: '0', count: 10 }])
  assert.deepEqual((await json('list', '--from', '2100-01-01T00:00:00Z')).length, 0)
  for (const place of ['0/0', '0/7', '0/8', '0/9']) assertSafe((await letters('show', place)).stdout)
  const whole = await letters('show', '0/9')
  assert.ok(whole.stdout.length > 1_000_000, `${whole.stdout.slice(0, 300)} ${whole.stderr}`)
  const [large] = (await json('list', '--limit', '1', '--partition', '0')) as [{ message_bytes: number }]
  assert.equal(large.message_bytes, 1_000_012)

  // One change to a reason, at first without keeping anything.
  const change = ['--reason', 'empty_page_id', '--map', 'page_id = url ?? "/unknown"']
  const dry = await json('fix', ...change, '--dry-run')
  assert.deepEqual([dry.matched, dry.corrected, dry.refused[0].count], [6, 5, 1])
  assert.match(dry.refused[0].why, /empty_user_id/)
  assert.equal((await letters('replay')).stdout, 'No correction waits to be sent.\n')
  const words = await letters('fix', ...change, '--by', `Ann${evil}`)
  assertSafe(words.stdout)
  assert.match(words.stdout, /5 of 6 corrected/)
  const patch = '[{"op":"replace","path":"/view_duration_ms","value":5}]'
  assert.equal((await json('fix', '--reason', 'negative_duration', '--patch', patch)).corrected, 1)

  // The editor: broken, lazy, and one that works.
  const directory = await temporaryDirectory(t)
  const editor = join(directory, 'editor.sh')
  await writeFile(
    editor,
    `#!/bin/sh\nprintf '%s\\n' '${JSON.stringify({ ...view, page_id: '/edited' })}' > "$1"\n`,
  )
  await chmod(editor, 0o700)
  const edited = (command: string, place: string) =>
    run(['dead-letters', 'fix', place, '--editor'], { ...system.environment, EDITOR: command, VISUAL: '' })
  for (const [command, says] of [
    ['false', /ended with status 1/],
    ['/no/such/editor', /ended with status 127/],
    ['kill -9 $$ #', /ended with SIGKILL/],
    ['rm', /left no file/],
    ['true', /was not changed/],
    ['echo "{}" >', /rejected again, as missing_field/],
  ] as const) {
    const { status, stderr } = await edited(command, '0/7')
    assert.notEqual(status, 0, command)
    assert.match(stderr, says)
    assert.doesNotMatch(stderr, /should not have happened/)
  }
  for (const place of ['0/7', '0/8']) assert.equal((await edited(editor, place)).status, 0)

  // An export, changed and taken in.
  const exported = await letters('export')
  assertSafe(exported.stdout)
  const lines = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(lines.length, 10)
  assert.deepEqual(lines[8].message, { base64: '/wAbWw==' })
  lines[9].message = { json: { ...view, page_id: '/imported' } }
  const file = [
    ...lines.map((line) => JSON.stringify(line)),
    'no json',
    '{"partition":9,"offset":9,"message":{"text":""}}',
  ]
  const input = join(directory, 'letters.ndjson')
  await writeFile(input, file.join('\n'))
  const imported = await letters('import', input)
  assert.equal(imported.status, 1, 'two lines were not taken')
  assert.match(imported.stdout, /line 11 was not taken.*\nline 12 was not taken.*\n1 corrected, 9 unchanged/)
  assert.equal((await letters('import', '/no/such/file')).status, 2)

  // All are sent, and sent once.
  assert.equal((await json('replay', '--by', 'Bob')).length, 9)
  assert.equal((await json('replay')).length, 0)
  const aggregates = () => system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
  await eventually('all to count', async () => (await aggregates()).totals.view_count === 9)
  const pages = (await aggregates()).pages.map((page: { page_id: string }) => page.page_id).sort()
  assert.deepEqual(pages, ['/edited', '/from-url', '/imported', '/p'])
  const one = await json('show', '0/6')
  assert.match(one.resolved.how, /^replayed as .* by Bob$/)
  assert.deepEqual([one.replays.length, one.replays[0].by], [1, 'Bob'])
  assert.equal((await json('list', '--all', '--limit', '100')).length, 10, 'resolved, not removed')
})
