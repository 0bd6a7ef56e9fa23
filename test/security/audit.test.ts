import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../helpers/program.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Runs the audit against a registry of the test's own. */
async function audit(
  t: TestContext,
  registry: RequestListener,
): Promise<{ status: number | null; text: string }> {
  const server = createServer(registry)
  t.after(() => server.close())
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const child = spawn(process.execPath, [resolve(ROOT, 'scripts/audit.ts')], {
    env: {
      ...process.env,
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_fetch_retries: '0',
      npm_config_cache: await temporaryDirectory(t),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const status = await new Promise<number | null>((ended) => child.once('close', ended))
  return { status, text }
}

test('a registry without an audit is said loudly, and is no failure', async (t) => {
  const { status, text } = await audit(t, (_request, response) => response.writeHead(405).end())
  assert.match(text, /NOT AUDITED/)
  assert.equal(status, 0)
})

test('a finding fails', async (t) => {
  const advisory = {
    id: 1,
    url: 'https://advisories.example/1',
    title: 'a hole',
    severity: 'high',
    vulnerable_versions: '>=0.0.0',
    cwe: [],
    cvss: { score: 9, vectorString: null },
  }
  const { version } = JSON.parse(readFileSync(resolve(ROOT, 'node_modules/fastify/package.json'), 'utf8'))
  const { status, text } = await audit(t, (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url?.includes('advisories/bulk')) response.end(JSON.stringify({ fastify: [advisory] }))
    else if (request.url === '/fastify') {
      response.end(
        JSON.stringify({
          name: 'fastify',
          versions: { [version]: { name: 'fastify', version } },
          'dist-tags': { latest: version },
        }),
      )
    } else response.writeHead(404).end('{}')
  })
  assert.match(text, /high: fastify/)
  assert.equal(status, 1)
})

test('no finding is said', async (t) => {
  const { status, text } = await audit(t, (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
  assert.match(text, /no known vulnerability/)
  assert.equal(status, 0)
})
