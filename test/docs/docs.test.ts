import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { SETTINGS } from '../../src/config/config.ts'
import { commands } from '../helpers/commands.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('{docs,bench}/**/*.md', { cwd: ROOT })]
const text = (page: string): string => readFileSync(resolve(ROOT, page), 'utf8')
const program = commands()

test('the generated pages are what the code says', () => {
  execFileSync(process.execPath, [resolve(ROOT, 'scripts/write-docs.ts'), '--check'], { stdio: 'pipe' })
})

for (const page of PAGES) {
  test(`${page}: what it names exists`, () => {
    for (const [, target] of text(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(resolve(ROOT, dirname(page), target!)), `${target}: there is no such file`)
    }
    for (const [name] of text(page).matchAll(/\bMILLRACE_[A-Z_]*[A-Z]/g)) {
      if (name.startsWith('MILLRACE_TEST') || name.startsWith('MILLRACE_CI')) continue
      const known = Object.values(SETTINGS).some(
        ({ env, secret }) => env === name || (secret && `${env}_FILE` === name),
      )
      assert.ok(known, `${name}: there is no such setting`)
    }
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    for (const [, name] of text(page).matchAll(/npm run ([\w:]+)/g))
      assert.ok(scripts[name!], `npm run ${name}`)
    for (const [line, name, rest] of text(page).matchAll(/(?:npx |`|^)millrace ([a-z][a-z-]*)([^\n`]*)/gm)) {
      const command = find(program, name!, rest!)
      assert.ok(command, `${line}: there is no such command`)
      for (const [flag] of rest!.matchAll(/(?<=\s)--[a-z-]+/g)) {
        if (flag === '--help') continue
        assert.ok(
          command.options.some(({ long }) => long === flag),
          `${line}: there is no ${flag}`,
        )
      }
    }
  })
}

test('every metric that a page names exists', () => {
  const code = globSync('src/observe/*.ts', { cwd: ROOT }).map(text).join('\n')
  for (const page of PAGES) {
    for (const [, name] of text(page).matchAll(/\bmillrace_([a-z_]+_(?:total|seconds|bytes|messages))\b/g)) {
      assert.ok(code.includes(`'${name}'`), `${page}: millrace_${name}`)
    }
  }
})

test('no page names a path of the machine it was written on', () => {
  for (const page of PAGES) assert.doesNotMatch(text(page), /\/(work|root|home)\//, page)
})

test('the index lists every page and every decision', () => {
  const index = text('docs/README.md')
  for (const page of globSync('{*.md,decisions/*.md}', { cwd: resolve(ROOT, 'docs') })) {
    if (page === 'README.md') continue
    assert.ok(index.includes(`](${page})`), `${page} is not in docs/README.md`)
  }
})

test("ARCHITECTURE's table names what is there, and all of it", () => {
  const named = [...text('ARCHITECTURE.md').matchAll(/`(src\/[\w/.-]+)`/g)].map(([, path]) => path!)
  for (const path of named) {
    assert.ok(
      existsSync(resolve(ROOT, path)) || existsSync(resolve(ROOT, `${path}.ts`)),
      `${path}: it is not there`,
    )
  }
  for (const directory of globSync('src/*/', { cwd: ROOT })) {
    const part = directory.replace(/\/$/, '')
    assert.ok(
      named.some((path) => path.startsWith(part)),
      `${directory} is not in ARCHITECTURE.md`,
    )
  }
})

test("every table and column of the store's page is in the migrations", () => {
  const sql = globSync('src/store/migrations/*.sql', { cwd: ROOT }).map(text).join('\n')
  const page = text('docs/store.md')
  for (const [, name] of page.matchAll(/^\| `(\w+)`/gm)) {
    assert.ok(
      name === 'schema_migrations' || new RegExp(`\\b${name}\\b`).test(sql),
      `${name} is not in the migrations`,
    )
  }
  for (const [, table] of sql.matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g)) {
    assert.ok(page.includes(`\`${table}\``), `${table} is not in docs/store.md`)
  }
})

test('every command and flag has a description', () => {
  for (const command of [...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
    assert.notEqual(command.description(), '', command.name())
    for (const { flags, description } of command.options)
      assert.notEqual(description, '', `${command.name()} ${flags}`)
  }
})

function find(parent: Command, name: string, rest: string): Command | undefined {
  const command = parent.commands.find((one) => one.name() === name)
  const [, next = ''] = /^ ([a-z-]+)/.exec(rest) ?? []
  return (command && find(command, next, '')) ?? command
}
