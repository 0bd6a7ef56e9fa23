import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { Type } from 'typebox'
import { documented } from '../../src/http/documented.ts'
import { integerParameter, optional, readParameters, textParameter } from '../../src/http/parameters.ts'
import { type HttpServer, startHttpServer } from '../../src/http/server.ts'
import { seeded } from '../helpers/seed.ts'
import { ask, OPTIONS } from '../http/service.ts'

const PARAMETERS = {
  text: optional(textParameter({ maxLength: 50, description: 'Any.' })),
  number: optional(integerParameter({ min: 0, max: 10, description: 'Any.' })),
}

let server: HttpServer
before(async () => {
  const timeouts = { request: 1_000, answer: 5_000, close: 500 }
  const routes: typeof OPTIONS.routes = (app) => {
    const schema = documented({ summary: 'x', parameters: PARAMETERS, response: Type.Any() })
    app.post('/change', { schema }, (request) => readParameters(PARAMETERS, request))
    app.get('/look', { schema }, (request) => readParameters(PARAMETERS, request))
  }
  // Not what this is about: with limits most of it would be refused before it is read.
  server = await startHttpServer({ ...OPTIONS, routes, rates: { changes: 1e6, mistakes: 1e6 } }, timeouts)
})
after(() => server.close())

/** Everything that is answered to these bytes, until the server closes the connection or is silent for a while. */
function raw(pieces: readonly (string | Buffer)[], pauseMs = 0): Promise<string> {
  const { port } = new URL(server.url)
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    let text = ''
    socket.setTimeout(3_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return
        socket.write(piece)
        if (pauseMs > 0) await sleep(pauseMs)
      }
    })
  })
}

const statuses = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code))
const alive = async () => assert.equal((await ask(`${server.url}/health`)).status, 200)
const HOST = 'Host: localhost\r\n'

test('a body that comes too slowly is refused, and others are answered meanwhile', async () => {
  const head = `POST /change HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`
  const slow = Promise.all(Array.from({ length: 20 }, () => raw([head, ...Array(60).fill(' ')], 100)))
  for (let i = 0; i < 20; i++) await alive()
  for (const text of await slow) assert.deepEqual(statuses(text), [408])
})

test('headers that come too slowly, or never end', async () => {
  assert.deepEqual(
    statuses(await raw([`GET /health HTTP/1.1\r\n`, ...Array(40).fill('X: y\r\n')], 100)),
    [408],
  )
  assert.deepEqual(
    statuses(await raw([`GET /health HTTP/1.1\r\n${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`])),
    [431],
  )
  assert.deepEqual(statuses(await raw([`GET /health?${'x'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`])), [431])
  await alive()
})

test('requests in a row on one connection are answered in their order, one for each', async () => {
  const one = (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`
  const last = `GET /health HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`
  const text = await raw([
    Array.from({ length: 200 }, (_, i) => one(i % 2 ? '/health' : '/nothing')).join('') + last,
  ])
  assert.deepEqual(statuses(text), [...Array.from({ length: 200 }, (_, i) => (i % 2 ? 200 : 404)), 200])
})

test('what two readers could understand in two ways is refused', async () => {
  const smuggled = `GET /nothing HTTP/1.1\r\n${HOST}\r\n`
  for (const head of [
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `Content-Length: 0\r\nContent-Length: 9\r\n\r\n`,
    `Transfer-Encoding: chunked, identity\r\n\r\n`,
    `Content-Length: -1\r\n\r\n`,
    `Content-Length: 1e3\r\n\r\n`,
    `Content-Length : 0\r\n\r\n`,
    `X: a\n b\0\r\n\r\n`,
  ]) {
    const text = await raw([`POST /change HTTP/1.1\r\n${HOST}${head}${smuggled}`])
    assert.deepEqual(statuses(text), [400], head)
  }
  await alive()
})

test('tricks with paths lead nowhere', async () => {
  for (const path of [
    ...[
      '/../../etc/passwd',
      '/docs/static/../../../../package.json',
      '/docs/static/%2e%2e/%2e%2e/package.json',
    ],
    ...[
      '/..%2f..%2fetc%2fpasswd',
      '/%00',
      '/health%00',
      '/%',
      '/%ff',
      '//health',
      '/./health',
      '/health/.',
      '/\\..\\x',
    ],
    ...[
      '/__proto__',
      '/constructor',
      '/docs/static/%c0%ae%c0%ae/x',
      '*',
      'http://evil.example/health',
      '/docs/static/....//x',
    ],
  ]) {
    const text = await raw([`GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`])
    const [status] = statuses(text)
    assert.ok(
      status !== undefined && (status < 300 ? /"healthy"/.test(text) : status >= 300 && status < 500),
      `${path}: ${text.slice(0, 200)}`,
    )
    assert.doesNotMatch(text, /root:|"dependencies"/, path)
  }
})

test('methods that there are not', async () => {
  for (const method of [
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'HACK',
    'get',
    '',
    '\0',
    'G'.repeat(10_000),
  ]) {
    const [status] = statuses(await raw([`${method} /look HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]))
    assert.ok(
      status === undefined ? method === 'CONNECT' : status >= 400 && status < 500,
      `${method}: ${status}`,
    )
  }
  await alive()
})

test('whatever the parameters and the body are: an answer, and never a defect', async (t) => {
  const nasty = fc.oneof(
    fc.constantFrom(
      "'; DROP TABLE page_views_raw; --",
      '{text:String}',
      '\0',
      '\ud800',
      '%',
      '../',
      '-0',
      '1e3',
      '9'.repeat(400),
      '<script>',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  const body = fc.oneof(
    fc.json(),
    nasty,
    fc.constant(`${'['.repeat(50_000)}`),
    fc.constant('{"__proto__":{"x":1},"constructor":1}'),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('text', 'number', '__proto__', 'x'),
      nasty,
      fc.option(body),
      async (name, value, json) => {
        const query = `${name}=${encodeURIComponent(value.toWellFormed())}`
        const headers = { 'content-type': 'application/json' }
        const answer =
          json === null
            ? await ask(`${server.url}/look?${query}`)
            : await ask(`${server.url}/change?${query}`, { method: 'POST', headers, body: json })
        assert.ok(answer.status < 500, `${answer.status} ${answer.text}`)
        if (answer.status >= 400)
          assert.ok(answer.json.error.code && answer.json.error.message.length < 2_000)
      },
    ),
    seeded(t, 300),
  )
  assert.equal(({} as Record<string, unknown>).x, undefined)
})
