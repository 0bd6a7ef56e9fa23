import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { run, start, temporaryDirectory } from '../helpers/program.ts'
import { missing, onTerminal } from '../helpers/terminal.ts'
import { eventually } from '../helpers/wait.ts'

const PROGRAM = `${process.execPath} ${resolve(import.meta.dirname, '../../bin/millrace.js')}`
/** What sets colours and weights. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is looked for
const COLOUR = /\u001b\[[\d;]*m/

// pino-pretty by itself takes these machines for terminals.
const ON_CI = { CI: 'true', GITHUB_ACTIONS: 'true' }
const NONE = { NO_COLOR: '1', FORCE_COLOR: '1' }

const CASES: readonly (readonly [
  environment: Readonly<Record<string, string>>,
  terminal: boolean,
  pipe: boolean,
])[] = [
  [{}, true, false],
  [{ NO_COLOR: '1' }, false, false],
  [{ NO_COLOR: '' }, true, false],
  [{ FORCE_COLOR: '1' }, true, true],
  [{ FORCE_COLOR: '0' }, false, false],
  [NONE, false, false],
  [{ TERM: 'dumb' }, false, false],
  [ON_CI, true, false],
]

/** The rule is the same one; these show that log lines keep to it. */
const WITH_LOG: readonly object[] = [ON_CI, NONE]

for (const [environment, terminal, pipe] of CASES) {
  test(`help with ${JSON.stringify(environment)}`, { skip: missing() }, async () => {
    const { shown } = await onTerminal(`${PROGRAM} sql --help`, { environment })
    assert.match(shown, /Usage:/)
    assert.equal(COLOUR.test(shown), terminal, shown)
    const ended = await run(['sql', '--help'], { TERM: 'xterm', ...environment })
    assert.equal(COLOUR.test(ended.stdout), pipe, ended.stdout)
    assert.equal(ended.stderr, '')
  })

  if (!WITH_LOG.includes(environment)) continue
  test(`log lines with ${JSON.stringify(environment)}`, { skip: missing() }, async (t) => {
    const settings = {
      MILLRACE_DATA_DIR: await temporaryDirectory(t),
      MILLRACE_PRODUCER_PORT: '0',
      MILLRACE_GENERATE: 'off',
      MILLRACE_LOG_FORMAT: 'pretty',
    }
    const { shown } = await onTerminal(`${PROGRAM} producer`, {
      environment: { ...settings, ...environment },
      typed: [['http://127.0.0.1:', '\u0003']],
    })
    assert.equal(COLOUR.test(shown), terminal, shown)
    const producer = start(t, ['producer'], { ...settings, ...environment })
    await eventually('a log line', () => producer.stderr.includes('http://127.0.0.1:'))
    await producer.interrupt()
    assert.equal(COLOUR.test(producer.stderr), pipe, producer.stderr)
  })
}
