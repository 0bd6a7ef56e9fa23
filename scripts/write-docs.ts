import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { configurationPage } from './docs/configuration.ts'
import { httpApiPage } from './docs/http-api.ts'

/**
 * Writes the pages of the documentation that say what the code says. With --check it writes nothing and ends with status 1 when a page is not
 * what it would write.
 */
const docs = resolve(import.meta.dirname, '../docs')
const check = process.argv.includes('--check')
const pages: [name: string, text: string][] = [
  ['configuration.md', configurationPage()],
  ['http-api.md', await httpApiPage()],
]

for (const [name, text] of pages) {
  const path = resolve(docs, name)
  if (!check) {
    writeFileSync(path, text)
  } else if (read(path) !== text) {
    process.stderr.write(`docs/${name} is not what the code says: npm run docs\n`)
    process.exitCode = 1
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
