import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { runShell, shellBlocks, shellSucceeds } from '../helpers/shell.ts'
import { eventually } from '../helpers/wait.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What is committed, installed in a directory of its own, does what the README says in its first commands. */
test("the README's commands, on a clean clone", async (t) => {
  const [install, look, testing] = shellBlocks(await readFile(join(ROOT, 'README.md'), 'utf8'))
  assert.deepEqual(install, ['npm ci && npm start'])
  // The other command installs likewise and runs the tests, of which this is one.
  assert.deepEqual(testing, ['npm ci && npm test'])

  const clone = join(await temporaryDirectory(t), 'millrace')
  await shellSucceeds(t, `git clone --quiet --depth 1 "file://${ROOT}" "${clone}"`, ROOT, {})
  const [producer, consumer, clickhouse] = await freePorts(3)
  const environment = {
    MILLRACE_PRODUCER_PORT: String(producer),
    MILLRACE_CONSUMER_PORT: String(consumer),
    MILLRACE_CLICKHOUSE_PORT: String(clickhouse),
  }
  const ports = new Map([
    ['8080', producer],
    ['8081', consumer],
    ['8123', clickhouse],
  ])
  await shellSucceeds(t, 'npm ci --prefer-offline --no-audit --no-fund', clone, environment)
  const system = runShell(t, 'npm start', clone, environment)
  await eventually('events in the aggregates', async () => {
    if (system.status !== undefined) assert.fail(`npm start ended: ${system.output()}`)
    const answer = await fetch(`http://localhost:${consumer}/query/aggregates?hours=1`)
    return ((await answer.json()) as { totals: { view_count: number } }).totals.view_count > 0
  })

  const outputs: string[] = []
  for (const command of look!) {
    const here = command.replace(/localhost:(\d+)/g, (_, port) => `localhost:${ports.get(port) ?? port}`)
    outputs.push(await shellSucceeds(t, here.replace(/^curl /, 'curl -sSf '), clone, environment))
  }
  assert.ok(JSON.parse(outputs[0]!).totals.view_count > 0)
  assert.ok(Number(outputs[1]) > 0)
  assert.equal(JSON.parse(outputs[2]!).accepted, 1_000)
  assert.match(outputs[3]!, /All agree/)

  system.interrupt()
  await system.ended
  assert.match(system.output(), /The consumer stops/)
  await assert.rejects(fetch(`http://localhost:${consumer}/health`))
  await assert.rejects(fetch(`http://localhost:${clickhouse}/ping`))
})
