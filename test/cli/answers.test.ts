import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type Ended, run } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { missing, onTerminal } from '../helpers/terminal.ts'
import { eventually } from '../helpers/wait.ts'

const PROGRAM = `${process.execPath} ${resolve(import.meta.dirname, '../../bin/millrace.js')}`
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is looked for
const COLOUR = /\u001b\[[\d;]*m/

suite('answers of a system that runs', () => {
  let system: System
  const ending: (() => unknown)[] = []
  before(async () => {
    const context = { after: (end: () => unknown) => void ending.unshift(end) } as unknown as TestContext
    system = await System.create(context, {
      MILLRACE_SPEED: '50',
      MILLRACE_INVALID: '0.3',
      MILLRACE_REPEATS: '0',
    })
    await system.up()
    await eventually('dead letters', async () => (await system.consumerStatus()).invalid > 3)
    await eventually(
      'aggregates',
      async () => (await system.sql('SELECT 1 FROM page_views_minute_v LIMIT 1')).length > 0,
    )
  })
  after(async () => {
    for (const end of ending) await end()
  })

  const sql = (...args: string[]): Promise<Ended> => system.run('sql', ...args)
  const shell = async (command: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('millrace', PROGRAM)], {
      env: { ...process.env, ...system.environment },
    })
    return stdout
  }

  test('every command that answers data has JSON, and no colours with NO_COLOR', {
    skip: missing(),
  }, async () => {
    const [letter] = JSON.parse((await system.run('dead-letters', 'list', '--limit', '1', '--json')).stdout)
    const place = `${letter.partition}/${letter.offset}`
    const file = join(system.dataDir, 'export.ndjson')
    await writeFile(file, (await system.run('dead-letters', 'export')).stdout)
    const commands = [
      'config',
      'dead-letters list',
      'dead-letters list --count-by reason',
      `dead-letters show ${place}`,
      `dead-letters import ${file} --dry-run`,
      'dead-letters fix --reason empty_page_id --set page_id=/ --dry-run',
      'dead-letters replay',
      'resend',
      'sql "SELECT 1 AS one"',
    ]
    for (const command of commands) {
      const { shown, status } = await onTerminal(`${PROGRAM} ${command}`, {
        environment: { ...system.environment, NO_COLOR: '1', FORCE_COLOR: '1' },
      })
      assert.equal(status, 0, shown)
      assert.doesNotMatch(shown, COLOUR, command)
      const json = await shell(`millrace ${command} --json`)
      assert.doesNotThrow(() => JSON.parse(json), `${command}: ${json}`)
    }
  })

  test('sql: a table on a terminal, lines for a program, and what is asked for', {
    skip: missing(),
  }, async () => {
    const rows = "SELECT number AS n, ['a;b', NULL] AS list, 'x,\ty' AS text FROM numbers(2)"
    const { shown } = await onTerminal(`${PROGRAM} sql "${rows.replace('\t', '\\t')}"`, {
      environment: system.environment,
    })
    assert.equal(
      shown.replaceAll('\r', ''),
      'n  list          text\n0  ["a;b",null]  x,\\ty\n1  ["a;b",null]  x,\\ty\n',
    )
    assert.equal(
      (await sql(rows)).stdout,
      "n\tlist\ttext\n0\t['a;b',NULL]\tx,\\ty\n1\t['a;b',NULL]\tx,\\ty\n",
    )
    assert.equal(
      (await sql('--no-header', '--csv', rows)).stdout.split('\n')[0],
      '0,"[\'a;b\',NULL]","x,\ty"',
    )
    assert.deepEqual(JSON.parse((await sql('--json', rows)).stdout)[1], {
      n: 1,
      list: ['a;b', null],
      text: 'x,\ty',
    })
    assert.deepEqual(JSON.parse((await sql('--json', 'SELECT 1 WHERE 0')).stdout), [])
    assert.equal((await sql('SELECT 7 AS x FORMAT JSONEachRow')).stdout, '{"x":7}\n')
    assert.equal((await sql('--json', 'SELECT 7 AS x FORMAT CSV')).status, 2)
  })

  test('sql reads statements from a pipe, from - and from a file', async () => {
    const file = join(system.dataDir, 'two.sql')
    await writeFile(file, '-- first;\nSELECT 1 AS a;\nSELECT 2 AS b;\n')
    assert.equal((await sql('--file', file)).stdout, 'a\n1\nb\n2\n')
    assert.equal((await run(['sql'], system.environment, 'SELECT 3 AS c')).stdout, 'c\n3\n')
    assert.equal((await run(['sql', '-'], system.environment, 'SELECT 4 AS d')).stdout, 'd\n4\n')
    assert.equal((await sql('--json', '--file', file)).status, 2)
    assert.equal((await sql('--file', `${file}.missing`)).status, 2)
  })

  test('a reader that has enough ends a command quietly', async () => {
    for (const command of [
      'sql "SELECT number FROM system.numbers"',
      'sql --table "SELECT number FROM system.numbers"',
    ]) {
      const shown = await shell(`millrace ${command} 2>&1 | head -n 3; echo "status \${PIPESTATUS[0]}"`)
      assert.match(shown, /^number\n *0\n *1\nstatus 0\n$/, command)
    }
    assert.equal(
      await shell(`millrace dead-letters export 2>&1 | head -n 0; echo status \${PIPESTATUS[0]}`),
      'status 0\n',
    )
    assert.equal(
      await shell('millrace config 2>&1 >/dev/full; echo "status $?"').then((text) =>
        text.split('\n').at(-2),
      ),
      'status 2',
    )
  })

  test('what ClickHouse refuses is one line, and a late error is no success', async () => {
    const refused: readonly (readonly [statement: string, status: number, says: RegExp])[] = [
      ['SELEC 1', 4, /^millrace: ClickHouse: Syntax error: [^\n]{1,120}\n$/],
      ['SELECT nope', 4, /^millrace: ClickHouse: Unknown expression identifier [^\n]+\n$/],
      ['SELECT * FROM nope', 4, /^millrace: ClickHouse: Unknown table [^\n]+\n {2}SHOW TABLES [^\n]+\n$/],
      [
        'SELECT throwIf(number = 1000000) FROM numbers(2000000)',
        4,
        /^millrace: ClickHouse: Value passed to 'throwIf' [^\n]+\n$/,
      ],
      [
        'CREATE TABLE t (a UInt8) ENGINE = Memory',
        2,
        /^millrace: the statement may only read: [^\n]+\n {2}Give --write [^\n]+\n$/,
      ],
      ['SELECT 1 SETTINGS readonly = 0', 2, /--write/],
    ]
    for (const [statement, status, says] of refused) {
      for (const shape of ['--tsv', '--json', '--table']) {
        const ended = await sql(shape, statement)
        assert.match(ended.stderr, says)
        assert.equal(ended.status, status, statement)
      }
    }
    assert.equal((await sql('--write', '--json', 'CREATE TABLE t (a UInt8) ENGINE = Memory')).stdout, '[]\n')
    assert.equal((await sql('--write', 'INSERT INTO t VALUES (1); INSERT INTO t FORMAT CSV\n2\n3')).status, 0)
    assert.deepEqual(await system.sql('SELECT sum(a) AS sum FROM t'), [{ sum: 6 }])
  })

  test('Ctrl-C ends a statement that takes long, in ClickHouse too', async () => {
    const program = system.start(
      'sql',
      'SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0',
    )
    const running = () =>
      system.sql(
        "SELECT query_id FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'",
      )
    await eventually('the statement to run', async () => (await running()).length > 0)
    const { status, stderr } = await program.interrupt()
    assert.equal(status, 130, stderr)
    assert.equal(stderr, '')
    await eventually('the statement to be cancelled', async () => (await running()).length === 0)
  })
})
