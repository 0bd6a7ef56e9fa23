import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import type { ConsumerStatus } from '../../src/consumer/status.ts'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { fencedBlocks, runShell, shellSucceeds } from '../helpers/shell.ts'
import { processTree } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = join(ROOT, 'bin/millrace.js')

/** Kafka has its own tests of whole systems (test/e2e/kafka.test.ts), with the same commands. */
const LAST = '## The same on Kafka'

test('the tutorial: each command runs, and prints what the page shows', async (t) => {
  const page = await readFile(join(ROOT, 'docs/tutorial.md'), 'utf8')
  const [here] = page.split(LAST)
  const [first, ...steps] = pairs(here!)
  assert.ok(steps.length > 8)

  // A directory like that of the repository, with no data in it yet.
  const directory = await temporaryDirectory(t)
  await symlink(join(ROOT, 'test'), join(directory, 'test'))
  const [producer, consumer, clickhouse] = await freePorts(3)
  const environment: Record<string, string> = {
    PATH: `${await commands(directory)}:${process.env.PATH}`,
    MILLRACE_PRODUCER_PORT: String(producer),
    MILLRACE_CONSUMER_PORT: String(consumer),
    MILLRACE_CLICKHOUSE_PORT: String(clickhouse),
  }
  const ports = (text: string): string =>
    text
      .replaceAll('localhost:8080', `localhost:${producer}`)
      .replaceAll('localhost:8081', `localhost:${consumer}`)
  const status = async (): Promise<ConsumerStatus> => {
    if (system.status !== undefined) assert.fail(`it ended: ${system.output()}`)
    return (await (await fetch(`http://localhost:${consumer}/status`)).json()) as ConsumerStatus
  }
  const settled = async (): Promise<void> => {
    await eventually('everything to be read', async () => {
      const { lag, processed } = await status()
      return processed > 0 && lag === 0
    })
    const readAt = Date.now()
    await eventually('everything to be counted', async () => {
      const { fresh_as_of: fresh } = await status()
      return fresh !== null && Date.parse(fresh) > readAt
    })
  }

  const system = runShell(t, first!.commands, directory, environment)
  await settled()
  for (const { commands: block, shown } of steps) {
    // A person looks at the dashboard between one block and the next. What counts is that it is right, not how soon.
    if (!block.includes('verify')) await settled()
    const tree = (await processTree(system.pid)).join(',')
    const printed = await shellSucceeds(t, `set -e\n${ports(block)}`, directory, {
      ...environment,
      TREE: tree,
    })
    assert.match(printed, expected(shown), block)
  }

  system.interrupt()
  await system.ended
  assert.match(system.output(), /The consumer stops/)
  await assert.rejects(fetch(`http://localhost:${consumer}/health`))
})

/** Each block of commands with what the page shows of its output: nothing when no `text` follows it. */
function pairs(markdown: string): { commands: string; shown: string }[] {
  const found: { commands: string; shown: string }[] = []
  for (const { language, body } of fencedBlocks(markdown)) {
    if (language === 'sh') found.push({ commands: body, shown: '' })
    if (language === 'text') found.at(-1)!.shown = body
  }
  return found
}

/**
 * What is shown, line after line, `…` standing for anything, with other lines between them. Spaces stand for any: a pipe gets
 * tabs where a terminal gets columns.
 */
function expected(shown: string): RegExp {
  const lines = shown.split('\n').map((line) =>
    line
      .trimStart()
      .split('…')
      .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, '[ \\t]+'))
      .join('.*'),
  )
  return new RegExp(lines.join('.*\n(?:.*\n)*?[ \\t]*'))
}

/** npm and npx without their half second, on this Node; and pgrep that sees the processes of this test alone. */
async function commands(directory: string): Promise<string> {
  const bin = join(directory, 'bin')
  await mkdir(bin)
  const node = `exec '${process.execPath}' '${PROGRAM}'`
  const scripts = {
    npm: `case "$1" in ci) ;; *) ${node} "$@";; esac`,
    npx: `shift; ${node} "$@"`,
    pgrep: `PATH='${process.env.PATH}'; exec pgrep -P "$TREE" "$@"`,
  }
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return bin
}
