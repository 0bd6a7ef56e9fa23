import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { VERSION } from '../../src/version.ts'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { runShell, shellSucceeds } from '../helpers/shell.ts'
import { eventually } from '../helpers/wait.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What a person has who installs the package somewhere, with the Node of this machine. */
test('the package runs from an empty directory', async (t) => {
  const directory = await temporaryDirectory(t)
  const empty = join(directory, 'empty')
  await mkdir(empty)
  const run = (command: string, environment = {}) => shellSucceeds(t, command, empty, environment)

  const [packed] = JSON.parse(
    await shellSucceeds(t, `npm pack --json --pack-destination "${directory}"`, ROOT, {}),
  )
  const files: string[] = packed.files.map(({ path }: { path: string }) => path)
  const strange = files.filter(
    (path) => !/^(bin|dist)\/|^(docs\/)?[\w/-]+\.md$|^(LICENSE|package\.json)$/.test(path),
  )
  assert.deepEqual(strange, [])
  assert.ok(!existsSync(join(ROOT, 'dist')), 'what is only for the package stays behind')

  // What it depends on is what was installed here, by links, so that no registry is asked; npm takes out what only the tests need.
  await run(`cp -al "${ROOT}/node_modules" . 2>/dev/null || cp -a "${ROOT}/node_modules" .`)
  // These two npm and Node write to in place, and they are the checkout's.
  await rm(join(empty, 'node_modules/.package-lock.json'), { force: true })
  await rm(join(empty, 'node_modules/.cache'), { recursive: true, force: true })
  await run(`npm install --offline --no-audit --no-fund "${join(directory, packed.filename)}"`)
  assert.ok(!existsSync(join(empty, 'node_modules/typescript')))

  assert.equal(await run('npx millrace --version'), `${VERSION}\n`)
  // npx may put our own Node before the machine's.
  assert.equal(await run('node node_modules/millrace/bin/millrace.js --version'), `${VERSION}\n`)
  const config = JSON.parse(await run('npx millrace config --json', { MILLRACE_SPEED: '7' }))
  assert.deepEqual(config.MILLRACE_SPEED, { value: '7', origin: 'environment' })

  const [producer, consumer, clickhouse] = await freePorts(3)
  const system = runShell(t, 'npx millrace start', empty, {
    MILLRACE_PRODUCER_PORT: String(producer),
    MILLRACE_CONSUMER_PORT: String(consumer),
    MILLRACE_CLICKHOUSE_PORT: String(clickhouse),
  })
  for (const port of [producer, consumer]) {
    await eventually(`/health at ${port}`, async () => {
      if (system.status !== undefined) assert.fail(`it ended: ${system.output()}`)
      return (await fetch(`http://127.0.0.1:${port}/health`)).ok
    })
  }
  assert.match(await (await fetch(`http://127.0.0.1:${consumer}/`)).text(), /<title>/)
  assert.match(
    await (await fetch(`http://127.0.0.1:${consumer}/assets/uplot.js`)).text(),
    /export default uPlot/,
  )

  system.interrupt()
  await system.ended
  assert.match(system.output(), /The consumer stops/)
  await assert.rejects(fetch(`http://127.0.0.1:${consumer}/health`))
  assert.ok(existsSync(join(empty, 'data')))
})
