import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

interface Entry {
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const text = readFileSync(resolve(import.meta.dirname, '../package-lock.json'), 'utf8')
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Entry>> }

/** npm ci refuses a lock file that lacks one, also where it would not be installed. npm leaves out what a registry does not have. */
test('the lock file names the packages of every platform', () => {
  for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      const known = `node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages
      assert.ok(known, `${path} may use ${name}, which is not in package-lock.json`)
    }
  }
})

test('the lock file names no place to download from', () =>
  assert.doesNotMatch(text, /"resolved"|https?:\/\/[^"]*\.tgz/))
