import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { MillraceError } from '../../src/errors.ts'
import { replay } from '../../src/replay/replay.ts'
import {
  INDEPENDENT_COUNT,
  logLine,
  REAL_LOGS,
  replayOptions,
  Sent,
  temporaryDirectory,
  temporaryFile,
} from './helpers.ts'

const HOUR_S = 3_600
const DAY_MS = 86_400_000

test('views by page and hour of the real logs equal an independent count', async (t) => {
  for (const log of REAL_LOGS) {
    const sent = new Sent()
    await replay([log], replayOptions(sent, await temporaryDirectory(t)))
    const { stdout } = await promisify(execFile)('python3', [INDEPENDENT_COUNT, '--json', log], {
      maxBuffer: 2 ** 28,
    })
    const expected = JSON.parse(stdout) as { page_id: string; hour: number; views: number }[]
    assert.ok(expected.length > 1_000)
    const counted = new Map<string, number>()
    for (const { page_id, timestamp } of sent.events()) {
      const second = Date.parse(timestamp) / 1_000
      const name = `${second - (second % HOUR_S)} ${page_id}`
      counted.set(name, (counted.get(name) ?? 0) + 1)
    }
    assert.deepEqual(
      counted,
      new Map(expected.map(({ page_id, hour, views }) => [`${hour} ${page_id}`, views])),
    )
    assert.equal(new Set(sent.messages.map(({ key }) => key)).size, sent.messages.length)
    assert.ok(sent.entries.every(({ kind }) => kind === 'view-once'))
    assert.equal(sent.entries.length, sent.messages.length)
  }
})

test('what is counted of the real logs', async (t) => {
  const { files } = await replay(REAL_LOGS, replayOptions(new Sent(), await temporaryDirectory(t)))
  const [apache, nginx] = files
  assert.equal(apache!.lines, 10_000)
  assert.equal(apache!.rejected, 0)
  assert.equal(nginx!.lines, 16_275)
  assert.equal(nginx!.rejected, 5_796)
  assert.deepEqual(nginx!.rejects.length, 10)
  for (const { lines, kinds, rejected, sent } of files) {
    assert.equal(
      kinds['page view'] + kinds.asset + kinds['other method'] + kinds['other status'] + rejected,
      lines,
    )
    assert.equal(sent, kinds['page view'])
  }
})

test('replayed again, compressed, or by another name, a log gives the same messages', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const text = Array.from({ length: 2_000 }, (_, i) =>
    logLine({ at: i >> 2, path: `/${i % 7}`, host: `h${i % 50}` }),
  ).join('')
  const runs: Sent[] = []
  for (const content of [text, text, gzipSync(text)]) {
    const sent = new Sent()
    await replay([await temporaryFile(t, content)], replayOptions(sent, dataDir))
    runs.push(sent)
  }
  assert.equal(runs[0]!.messages.length, 2_000)
  for (const again of runs.slice(1)) assert.deepEqual(again.messages, runs[0]!.messages)
})

test('equal lines are different events', async (t) => {
  const sent = new Sent()
  await replay(
    [await temporaryFile(t, logLine().repeat(3))],
    replayOptions(sent, await temporaryDirectory(t)),
  )
  assert.equal(new Set(sent.messages.map(({ key }) => key)).size, 3)
})

test('the message of a line', async (t) => {
  const sent = new Sent()
  const lines = [
    logLine({ host: '2001:db8::1', path: '/a%20b?c', agent: 'Agent \\"1\\"' }),
    logLine({ host: '2001:db8::1', at: 90, path: '/x', agent: 'Agent \\"1\\"' }),
    logLine({ host: 'name.example.org', at: 100 }),
  ]
  await replay([await temporaryFile(t, lines.join(''))], replayOptions(sent, await temporaryDirectory(t)))
  const [first, , third] = sent.events().sort((a, b) => a.timestamp.localeCompare(b.timestamp))
  assert.deepEqual(first, {
    page_id: '/a%20b',
    user_id: first!.user_id,
    view_duration_ms: 90_000,
    timestamp: '2015-05-17T10:00:00.000Z',
    user_agent: 'Agent \\"1\\"',
    ip_address: '2001:db8::1',
    is_bounce: false,
  })
  assert.match(first!.user_id, /^[0-9a-f]{24}$/)
  assert.equal(third!.ip_address, undefined)
  assert.equal(third!.is_bounce, true)
  assert.notEqual(third!.user_id, first!.user_id)
})

test('what the consumer must reject is in the ledger as that', async (t) => {
  const sent = new Sent()
  const lines = [logLine({ path: '' }), logLine({ path: `/${'x'.repeat(3_000)}` }), logLine()]
  await replay([await temporaryFile(t, lines.join(''))], replayOptions(sent, await temporaryDirectory(t)))
  const reasons = sent.entries.map((entry) => (entry.kind === 'invalid' ? entry.reason : entry.kind))
  assert.deepEqual(reasons.sort(), ['empty_page_id', 'field_too_long', 'view-once'])
})

/** 6,000 page views of two visitors, so that progress is kept on the way. */
const LONG = Array.from({ length: 6_000 }, (_, i) =>
  logLine({ at: i, path: `/${i % 90}`, host: `h${i % 2}` }),
).join('')

test('interrupted wherever it is, and run again, everything is sent as without that', async (t) => {
  const log = await temporaryFile(t, LONG)
  const last = await temporaryFile(t, logLine({ host: 'another' }))
  for (const shiftToNow of [false, true]) {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ append: fc.nat(14), kill: fc.boolean() }), { maxLength: 4 }),
        async (interruptions) => {
          const dataDir = await temporaryDirectory(t)
          const sent = new Sent()
          let clock = Date.UTC(2026, 0, 1)
          const now = (): number => (clock += 1_000)
          for (const { append, kill } of interruptions) {
            const controller = new AbortController()
            let appends = 0
            sent.before = () => {
              if (appends++ < append) return
              if (kill) throw new MillraceError('log_full', 'no room')
              controller.abort()
            }
            const { signal } = controller
            const run = replay([log, last], replayOptions(sent, dataDir, { shiftToNow, now, signal }))
            if (
              await run.then(
                (report) => report.complete,
                () => false,
              )
            )
              return
          }
          sent.before = () => {}
          const report = await replay([log, last], replayOptions(sent, dataDir, { shiftToNow, now }))
          assert.equal(report.complete, true)
          assert.deepEqual(
            report.files.map((file) => file.sent),
            [6_000, 1],
          )
          const unique = new Map(sent.messages.map(({ key, value }) => [key, value]))
          assert.equal(unique.size, 6_001)
          // One key, one payload: no repeat is a conflict.
          for (const { key, value } of sent.messages) assert.equal(value, unique.get(key))
          assert.deepEqual(await readdir(join(dataDir, 'replay')), ['visitor.key'])
        },
      ),
      { numRuns: 8 },
    )
  }
})

test('a run that goes on does not send again what progress has been kept of', async (t) => {
  const log = await temporaryFile(t, LONG)
  const dataDir = await temporaryDirectory(t)
  const sent = new Sent()
  const controller = new AbortController()
  sent.before = (append) => {
    if (append === 11) controller.abort()
  }
  const first = await replay([log], replayOptions(sent, dataDir, { signal: controller.signal }))
  assert.equal(first.complete, false)
  assert.equal(first.files[0]!.sent, sent.messages.length)
  const second = await replay([log], replayOptions(sent, dataDir))
  assert.equal(second.files[0]!.skipped, first.files[0]!.sent)
  assert.equal(sent.messages.length, 6_000)
})

test('interrupted again before it came to where the last run ended, nothing of that is forgotten', async (t) => {
  const log = await temporaryFile(t, LONG)
  const dataDir = await temporaryDirectory(t)
  const sent = new Sent()
  const controller = new AbortController()
  sent.before = (append) => {
    if (append === 11) controller.abort()
  }
  await replay([log], replayOptions(sent, dataDir, { signal: controller.signal }))
  for (let looks = 0; ; looks++) {
    let left = looks
    const signal = Object.defineProperty(new AbortController().signal, 'aborted', { get: () => left-- <= 0 })
    const report = await replay([log], replayOptions(sent, dataDir, { signal }))
    if (report.complete) break
    for (const file of report.files) assert.ok(file.sent >= 5_000, `${file.sent} after ${looks} looks`)
  }
  assert.equal(sent.messages.length, 6_000)
})

test('a shifted replay that was killed at its beginning goes on with the same shift', async (t) => {
  const log = await temporaryFile(t, LONG)
  const dataDir = await temporaryDirectory(t)
  const sent = new Sent()
  let clock = Date.UTC(2026, 0, 1)
  const options = replayOptions(sent, dataDir, { shiftToNow: true, now: () => (clock += 1_000) })
  sent.before = (append) => {
    if (append === 2) throw new MillraceError('log_full', 'no room')
  }
  await assert.rejects(replay([log], options), { code: 'log_full' })
  await replay([log], options)
  assert.equal(new Set(sent.messages.map(({ key }) => key)).size, 6_000)
})

const OLD = logLine() + logLine({ at: 20 * 86_400 }) + logLine({ at: 40 * 86_400 })
const LAST_MS = Date.UTC(2015, 4, 17, 10) + 40 * DAY_MS

test('page views that would be lost are an error before anything is sent', async (t) => {
  const log = await temporaryFile(t, OLD)
  const sent = new Sent()
  const run = (now: number, overrides = {}) =>
    temporaryDirectory(t).then((dir) =>
      replay([log], replayOptions(sent, dir, { now: () => now, maxAgeMs: 30 * DAY_MS, ...overrides })),
    )
  await assert.rejects(run(LAST_MS), {
    code: 'check_failed',
    message: /1 of 3 page views, from 2015-05-17T10:00:00Z to 2015-05-17T10:00:00Z/,
    hint: /MILLRACE_RAW_TTL_DAYS=0 .*--shift-to-now/,
  })
  await assert.rejects(run(LAST_MS + 60 * DAY_MS), { message: /3 of 3 page views/ })
  // Moved, the log is as long as it was: its beginning is still too old.
  await assert.rejects(run(LAST_MS + 60 * DAY_MS, { shiftToNow: true }), { message: /1 of 3 page views/ })
  await assert.rejects(run(LAST_MS - DAY_MS, { maxAgeMs: null }), {
    code: 'check_failed',
    message: /300 s ahead.*1 of 3/,
  })
  assert.equal(sent.messages.length, 0)
  await run(LAST_MS, { maxAgeMs: null })
  assert.equal(sent.messages.length, 3)
})

test('shifted, the last page view happens now', async (t) => {
  const sent = new Sent()
  const now = Date.UTC(2026, 0, 1)
  await replay(
    [await temporaryFile(t, OLD)],
    replayOptions(sent, await temporaryDirectory(t), { shiftToNow: true }),
  )
  const times = sent.events().map(({ timestamp }) => now - Date.parse(timestamp))
  assert.deepEqual(
    times.sort((a, b) => a - b),
    [0, 20 * DAY_MS, 40 * DAY_MS],
  )
})

test('a file that cannot be used is named, and nothing is sent of the others', async (t) => {
  const directory = await temporaryDirectory(t)
  const good = await temporaryFile(t, logLine())
  const empty = await temporaryFile(t, '')
  const other = await temporaryFile(t, 'hello\nworld\n')
  const sent = new Sent()
  const cases: readonly (readonly [file: string, message: RegExp])[] = [
    [join(directory, 'none.log'), /none\.log.*no such file/],
    [directory, /is a directory/],
    [empty, /it is empty/],
    [other, /none of its 2 lines is a log line/],
  ]
  for (const [file, message] of cases) {
    await assert.rejects(replay([good, file], replayOptions(sent, directory)), {
      code: 'file_unusable',
      message,
    })
  }
  assert.equal(sent.messages.length, 0)
})

test('lines that are no log lines are written to a file, byte for byte', async (t) => {
  const directory = await temporaryDirectory(t)
  const rejectsFile = join(directory, 'rejects')
  const log = await temporaryFile(
    t,
    Buffer.concat([Buffer.from(logLine()), Buffer.from([0xff, 0x00, 0x0a, 0x0a])]),
  )
  const { files } = await replay([log], replayOptions(new Sent(), directory, { rejectsFile }))
  assert.equal(files[0]!.rejected, 2)
  assert.deepEqual(
    files[0]!.rejects,
    [2, 3].map((line) => ({ line, why: 'no log line' })),
  )
  const expected = `${log}:2: no log line: \xff\x00\n${log}:3: no log line: \n`
  assert.equal((await readFile(rejectsFile)).toString('latin1'), expected)
})

test('a file for rejected lines that cannot be written, or is the log, stops it before anything is sent', async (t) => {
  const directory = await temporaryDirectory(t)
  const log = await temporaryFile(t, logLine())
  const sent = new Sent()
  const run = (rejectsFile: string) => replay([log], replayOptions(sent, directory, { rejectsFile }))
  await assert.rejects(run(join(directory, 'none', 'rejects')), {
    code: 'file_unusable',
    message: /rejects.*written/,
  })
  await assert.rejects(run(log), { code: 'invalid_setting', message: /is one of the logs/ })
  assert.equal(sent.messages.length, 0)
  assert.equal(await readFile(log, 'utf8'), logLine())
})

test('the key of visitors is the owner’s alone, stays the same, and is never an empty one', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const log = await temporaryFile(t, logLine())
  const options = replayOptions(new Sent(), dataDir)
  await Promise.all([replay([log], options), replay([log], options)])
  const key = join(dataDir, 'replay', 'visitor.key')
  assert.equal((await stat(key)).mode & 0o777, 0o600)
  assert.equal((await stat(join(dataDir, 'replay'))).mode & 0o777, 0o700)
  await writeFile(key, '')
  await assert.rejects(replay([log], options), {
    code: 'file_unusable',
    message: /visitor\.key holds no key/,
  })
})
