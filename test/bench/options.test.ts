import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { benchmark, count, counts, someOf } from '../../bench/lib/command.ts'
import { createBench } from '../../bench/main.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DOOR = resolve(ROOT, 'bench/main.ts')

/** What a command line of the door prints and how it ends, in this process. */
async function atTheDoor(...args: string[]): Promise<{ out: string; err: string; code: string }> {
  const written = { out: '', err: '' }
  const bench = createBench()
  for (const command of [bench, ...bench.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        written.out += text
      },
      writeErr: (text) => {
        written.err += text
      },
    })
  const code = await bench.parseAsync(args, { from: 'user' }).then(
    () => 'ended',
    (error: { code: string }) => error.code,
  )
  return { ...written, code }
}

for (const { name, question } of createBench().commands.map((each) => ({
  name: each.name(),
  question: each.description(),
}))) {
  test(`${name} --help says the question and every option, and measures nothing`, async () => {
    const { out, code } = await atTheDoor(name, '--help')
    assert.equal(code, 'commander.helpDisplayed')
    const words = out.replaceAll(/\s+/g, ' ')
    assert.ok(words.includes(question), out)
    assert.match(out, /--record/)
    assert.match(question, /\?$/)
  })

  test(`${name} is explained in docs/benchmarks.md`, () => {
    assert.ok(readFileSync(resolve(ROOT, 'docs/benchmarks.md'), 'utf8').includes(`\`${name}\``))
  })
}

test('the door as a process: --list names all, an unknown name is an error that names them', () => {
  const names = createBench().commands.map((each) => each.name())
  const list = execFileSync(process.execPath, [DOOR, '--list'], { encoding: 'utf8' })
  assert.deepEqual(
    list
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]),
    names,
  )
  const { status, stderr } = spawnSync(process.execPath, [DOOR, 'no-such'], { encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /no benchmark "no-such"/)
  for (const name of names) assert.ok(stderr.includes(name), name)
})

test('every recorded chart that a page shows exists', () => {
  const page = readFileSync(resolve(ROOT, 'docs/benchmarks.md'), 'utf8')
  for (const [, image] of page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g))
    assert.ok(existsSync(resolve(ROOT, 'docs', image!)), image)
})

test('options: numbers and names are read, and what is none is refused', async () => {
  assert.equal(count('1_000'), 1_000)
  assert.deepEqual(counts('1,20,300'), [1, 20, 300])
  for (const text of ['0', '-1', '1.5', '1e3', '', 'many', '_', '99999999999999999999'])
    assert.throws(() => count(text), /whole number/, text)
  assert.deepEqual(someOf(['a', 'b'])('b,a'), ['b', 'a'])
  assert.throws(() => someOf(['a', 'b'])('a,c'), /"c" is none of a, b/)

  const read: unknown[] = []
  const command = benchmark('example', 'What?')
    .option('--events <n>', 'how many', count, 5)
    .action((options) => {
      read.push(options)
    })
  await new Command()
    .addCommand(command)
    .parseAsync(['example', '--events', '7', '--record'], { from: 'user' })
  assert.deepEqual(read, [{ events: 7, record: true }])
})
