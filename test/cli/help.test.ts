import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { type Command, CommanderError } from 'commander'
import { EXIT_CODES } from '../../src/exit-codes.ts'
import { commands } from '../helpers/commands.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SETTINGS_HEADING = /^Settings/

/** These answer no data: they run until they are ended, or print what only a program reads. */
const WITHOUT_JSON = ['start', 'producer', 'consumer', 'clickhouse', 'completion', 'dead-letters export']

const stdout = new PassThrough()
const program = commands(stdout)

const leaves = leavesOf(program, [])

function leavesOf(command: Command, above: readonly string[]): (readonly [path: string, command: Command])[] {
  if (command.commands.length === 0) return [[above.join(' '), command]]
  return command.commands.flatMap((one) => leavesOf(one, [...above, one.name()]))
}

async function helpOf(path: string): Promise<string> {
  await assert.rejects(
    program.parseAsync([...path.split(' '), '--help'], { from: 'user' }),
    (error) => error instanceof CommanderError && error.exitCode === 0,
  )
  return String(stdout.read())
}

for (const [path, command] of leaves) {
  test(`millrace ${path} --help reads like the others`, async () => {
    const help = await helpOf(path)
    for (const line of help.split('\n')) assert.ok(line.length <= 90, line)
    assert.match(help, /\n$/)
    assert.doesNotMatch(help, /\n\n\n|\n\n$|[ \t]$/m)
    assert.match(command.description(), /^[a-z].*[^.]$/)
    const headings = Array.from(help.matchAll(/^(\S.*):$/gm), ([, heading]) => heading!)
    assert.deepEqual(
      headings.filter((heading) => /^(Arguments|Options|Settings)/.test(heading)),
      headings.filter((heading) => /^(Arguments|Options|Settings)/.test(heading)).sort(),
      'arguments, options, settings: in this order',
    )
    for (const argument of command.registeredArguments) assert.match(argument.description, /^\S.*[^.]$/)
    for (const { flags, description, helpGroupHeading = '' } of command.options) {
      // Settings have sentences, since docs/configuration.md shows them too.
      const wording = SETTINGS_HEADING.test(helpGroupHeading) ? /^[A-Z].*\.$/ : /^[a-z(].*[^.]$/
      assert.match(description, wording, flags)
    }
    const json = command.options.find(({ long }) => long === '--json')
    if (json) assert.match(json.description, /^print .*\bone\b.*\b(array|object)\b/)
    else assert.ok(WITHOUT_JSON.includes(path), 'there is no --json')
  })
}

test("the page's exit codes are those of the code, and the code has no others", () => {
  const page = readFileSync(resolve(ROOT, 'docs/command-line.md'), 'utf8')
  const listed = Array.from(page.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm), ([, code, meaning]) => [
    code,
    meaning,
  ])
  assert.deepEqual(listed, Object.entries(EXIT_CODES))
  for (const file of globSync('{src,bin}/**/*.{ts,js}', { cwd: ROOT })) {
    const text = readFileSync(resolve(ROOT, file), 'utf8')
    const codes = text.matchAll(/(?:exitCode(?: =|:)|process\.exit\(|: ExitCode =) ?(\d+)/g)
    for (const [what, code] of codes) assert.ok(Number(code) in EXIT_CODES, `${file}: ${what}`)
  }
})
