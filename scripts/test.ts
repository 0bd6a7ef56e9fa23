import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'

/**
 * Runs the tests: all of them, or those whose path contains one of the words given. Two files run at the same time at most, since
 * many of them start whole systems.
 */
const root = resolve(import.meta.dirname, '..')
const words = process.argv.slice(2)
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()

if (files.length === 0) {
  process.stderr.write(`no test file has ${words.join(' or ')} in its path\n`)
  process.exit(2)
}
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${Math.min(2, availableParallelism())}`, '--test-reporter=spec', ...files],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? (signal ? 1 : 0))
