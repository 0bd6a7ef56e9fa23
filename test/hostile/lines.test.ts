import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadConfig, SETTINGS, type SettingName } from '../../src/config/config.ts'
import { flagOf } from '../../src/config/setting.ts'
import { LONGEST_LINE } from '../../src/replay/lines.ts'
import { type LogLine, parseLogLine } from '../../src/replay/log-line.ts'
import { kindOf, pageOf } from '../../src/replay/page-view-line.ts'
import { DATES, NUMBERS, TEXTS } from '../helpers/hostile-constants.ts'
import { seeded } from '../helpers/seed.ts'

const piece = fc.oneof(
  fc.constantFrom(
    '"',
    '[',
    ']',
    '-',
    ' ',
    '\\',
    '\\"',
    '10/Oct/2000:13:55:36 -0700',
    'GET / HTTP/1.0',
    '200',
    '\u0000',
    '\t',
  ),
  fc.constantFrom(...TEXTS, ...NUMBERS, ...DATES),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const nearlyLine = fc
  .tuple(...Array.from({ length: 7 }, () => fc.option(piece)))
  .map(
    ([host, user, time, request, status, bytes, agent]) =>
      `${host ?? '192.0.2.1'} - ${user ?? '-'} [${time ?? '10/Oct/2000:13:55:36 -0700'}] "${request ?? 'GET /a?b HTTP/1.0'}" ${status ?? 200} ${bytes ?? 1} "-" "${agent ?? 'x'}"`,
  )

test('every line of an access log is a request or a reason', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        nearlyLine,
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        const line = parseLogLine(text)
        if (typeof line === 'string') return void assert.ok(['no log line', 'no date'].includes(line))
        assert.ok(Number.isInteger(line.timestampMs) && Number.isInteger(line.status) && line.host !== '')
        assert.ok(kindOf(line) && typeof pageOf(line.target) === 'string')
      },
    ),
    seeded(t, 3_000),
  )
})

test('nearly valid lines come to each outcome', () => {
  const seen = new Set(
    fc.sample(nearlyLine, { seed: 1, numRuns: 3_000 }).map((text) => {
      const line: LogLine | string = parseLogLine(text)
      return typeof line === 'string' ? line : 'line'
    }),
  )
  assert.deepEqual([...seen].sort(), ['line', 'no date', 'no log line'])
})

// By the square of its length, the longest would take minutes: the test would then not end in time.
test('no line takes long, whatever it is made of', { timeout: 60_000 }, () => {
  for (const unit of [
    '[',
    ']',
    '"',
    '\\',
    '\\"',
    ' ',
    '[]',
    '[x] "',
    '- ',
    '"" ',
    '[10/Oct/2000:13:55:36 -0700] "',
    'a [b] "c" 200 1 ',
  ]) {
    parseLogLine(unit.repeat(Math.floor(LONGEST_LINE / unit.length)))
    parseLogLine(`a - - ${unit.repeat(Math.floor(LONGEST_LINE / unit.length))}`)
  }
})

test('every text of a setting is taken or refused with a name and without a stack', (t) => {
  const names = Object.keys(SETTINGS) as SettingName[]
  const text = fc.oneof(
    piece,
    fc.constantFrom(
      '1'.repeat(5_000),
      '-1',
      '1e99',
      '0x10',
      '٣',
      '\u202e1',
      '../../x',
      'http://',
      'http://u:p@h',
    ),
  )
  fc.assert(
    fc.property(fc.constantFrom(...names), text, fc.boolean(), (name, value, isFlag) => {
      const { env } = SETTINGS[name]
      try {
        const { config } = isFlag ? loadConfig({}, { [name]: value }) : loadConfig({ [env]: value })
        assert.notEqual(config[name], undefined)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid_setting', String(error))
        assert.ok((error as Error).message.includes(isFlag ? flagOf(env) : env))
      }
    }),
    seeded(t, 3_000),
  )
})
