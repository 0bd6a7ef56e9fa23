import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE = readFileSync(resolve(ROOT, 'docs/troubleshooting.md'), 'utf8')
const SOURCES = globSync('src/**/*.ts', { cwd: ROOT }).map((file) =>
  readFileSync(resolve(ROOT, file), 'utf8'),
)
const LINES = Array.from(PAGE.matchAll(/^### `(.+)`$/gm), ([, line]) => line!)

test('the two lines that people search for most are among them', () => {
  for (const line of ['Event channel full, dropping event', 'Last Send Latency: …'])
    assert.ok(LINES.includes(line))
})

for (const line of LINES) {
  test(`the source writes: ${line}`, () => {
    // The words between what differs, in their order, near each other.
    const words = line.split('…').filter((each) => each !== '')
    const pattern = words.map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.{1,60}?')
    assert.ok(SOURCES.some((source) => new RegExp(pattern).test(source)))
  })
}
