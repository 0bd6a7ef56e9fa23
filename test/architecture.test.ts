import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const SRC = resolve(import.meta.dirname, '../src')

/** Which parts a part may import, besides its own files. Imports point inward: nobody imports what imports it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'exit-codes': [],
  errors: ['exit-codes'],
  version: [],
  random: [],
  process: [],
  config: ['errors'],
  observe: [],
  event: ['errors'],
  ledger: ['event'],
  log: ['errors', 'event', 'ledger', 'observe', 'process'],
  http: ['errors', 'event', 'observe', 'version'],
  store: ['errors', 'event', 'observe'],
  rollup: ['errors', 'observe', 'store'],
  clickhouse: ['errors', 'observe', 'store'],
  send: ['errors', 'event', 'ledger', 'log', 'observe', 'random'],
  producer: ['event', 'http', 'ledger', 'observe', 'random', 'send'],
  replay: ['errors', 'event', 'ledger', 'log', 'observe', 'send'],
  consumer: ['errors', 'event', 'http', 'log', 'observe', 'rollup', 'store'],
  verify: ['errors', 'event', 'http', 'ledger', 'log', 'observe', 'rollup', 'store'],
  'dead-letters': ['errors', 'event', 'http', 'ledger', 'log', 'store'],
  telemetry: ['errors', 'observe'],
  dashboard: ['errors', 'http', 'observe', 'consumer', 'producer', 'store', 'dead-letters'],
}

/** Adapters: only the composition may choose them. */
const ADAPTERS = ['log/lmdb', 'log/kafka', 'log/memory.ts', 'clickhouse']

const files = globSync('**/*.ts', { cwd: SRC })
const source = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]))

function partOf(file: string): string {
  return file.split('/')[0]!.replace(/\.ts$/, '')
}

/** The files that a file imports, also those it imports when it needs them. */
function importsOf(file: string): string[] {
  const found = source.get(file)!.matchAll(/(?:from|import\()\s*'(\.[^']+)'|^declare module '(\.[^']+)'/gm)
  return [...found].map(([, path, declared]) => relative(SRC, resolve(SRC, dirname(file), path ?? declared!)))
}

test('every part imports only what the table allows', () => {
  for (const file of files) {
    const part = partOf(file)
    if (part === 'cli' || part === 'main') continue
    const allowed = MAY_IMPORT[part]
    assert.ok(allowed, `${part} is not in the table`)
    for (const path of importsOf(file)) {
      const imported = partOf(path)
      assert.ok(imported === part || allowed.includes(imported), `${file} imports ${path}`)
    }
  }
})

test('the table has no circle', () => {
  const below = (part: string, seen: readonly string[]): void => {
    assert.ok(!seen.includes(part), [...seen, part].join(' → '))
    for (const next of MAY_IMPORT[part] ?? []) below(next, [...seen, part])
  }
  for (const part of Object.keys(MAY_IMPORT)) below(part, [])
})

test('adapters are known to the composition only', () => {
  for (const file of files) {
    for (const path of importsOf(file)) {
      const adapter = ADAPTERS.find((name) => path.startsWith(name))
      if (!adapter || file.startsWith(adapter)) continue
      assert.ok(['cli/compose.ts', 'cli/kafka-options.ts'].includes(file), `${file} imports ${path}`)
    }
  }
})

test('the SDK of OpenTelemetry is known to src/telemetry only, which is loaded only when it is asked for', () => {
  for (const [file, text] of source) {
    if (/'@opentelemetry\//.test(text)) assert.ok(file.startsWith('telemetry/'), file)
    if (file.startsWith('telemetry/')) continue
    for (const path of importsOf(file)) {
      if (partOf(path) !== 'telemetry') continue
      assert.equal(file, 'cli/telemetry.ts')
      assert.doesNotMatch(text, /from '\.\.\/telemetry\//, 'it is imported where it is needed')
    }
  }
})

test('the environment is read at the entry point only', () => {
  for (const [file, text] of source) {
    if (/process\.env\b/.test(text))
      assert.ok(['cli/main.ts', 'config/config.ts'].includes(file) || /`process\.env`/.test(text), file)
  }
})

test('no file is longer than 400 lines', () => {
  for (const [file, text] of source) {
    const lines = text.split('\n').length
    assert.ok(lines <= 400, `${file} has ${lines} lines`)
  }
})
