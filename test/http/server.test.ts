import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { MillraceError } from '../../src/errors.ts'
import { documented } from '../../src/http/documented.ts'
import { integerParameter, numberParameter, optional, readParameters } from '../../src/http/parameters.ts'
import type { App } from '../../src/http/server.ts'
import { ask, OPTIONS, startService } from './service.ts'

const speed = { eps: numberParameter({ min: 0, max: 1_000_000, description: 'Events per second.' }) }
const query = { hours: optional(integerParameter({ min: 1, max: 720, description: 'How far back.' }), 1) }

function routes(app: App): void {
  app.post(
    '/config/speed',
    {
      schema: documented({
        summary: 'Sets the speed',
        parameters: speed,
        response: Type.Object({ eps: Type.Number() }),
      }),
    },
    (request) => {
      const { eps } = readParameters(speed, request)
      return { eps }
    },
  )
  app.get(
    '/query',
    {
      schema: documented({
        summary: 'Asks',
        parameters: query,
        response: Type.Object({ hours: Type.Number() }),
      }),
    },
    (request) => readParameters(query, request),
  )
  app.get(
    '/status',
    { schema: documented({ summary: 'Tells', response: Type.Object({ ok: Type.Boolean() }) }) },
    () => ({ ok: true }),
  )
  app.get('/things/:id', (request) => request.params)
}

describe('parameters over HTTP', () => {
  const good = [
    ['in the query', '?eps=5', {}],
    [
      'in the query, with an empty JSON body',
      '?eps=5',
      { body: '', headers: { 'content-type': 'application/json' } },
    ],
    ['in the body', '', { json: { eps: 5 } }],
    ['in the body, as text', '', { json: { eps: '5' } }],
    ['in both', '?eps=5', { json: { eps: 5 } }],
  ] as const
  for (const [name, search, question] of good) {
    it(name, async (t) => {
      const { url } = await startService(t, { routes })
      const answer = await ask(`${url}/config/speed${search}`, { method: 'POST', ...question })
      assert.deepEqual([answer.status, answer.json], [200, { eps: 5 }])
    })
  }

  const bad = [
    ['?eps=-5', {}, 'invalid_parameter', 'eps: "-5" is not allowed: give a number from 0 to 1000000'],
    ['?eps=1e3', {}, 'invalid_parameter', 'eps: "1e3" is not allowed: give a number from 0 to 1000000'],
    ['?eps=', {}, 'invalid_parameter', 'eps: "" is not allowed: give a number from 0 to 1000000'],
    ['?eps=%205', {}, 'invalid_parameter', 'eps: " 5" is not allowed: give a number from 0 to 1000000'],
    [
      '?eps=1&eps=2',
      {},
      'invalid_parameter',
      'eps: ["1", "2"] is not allowed: give a number from 0 to 1000000',
    ],
    [
      '?eps=1',
      { json: { eps: 2 } },
      'invalid_parameter',
      'eps: "1" in the query and 2 in the body: give it once',
    ],
    ['?eps=1&toString=1', {}, 'unknown_parameter', 'toString: there is no such parameter: give eps'],
    ['', {}, 'missing_parameter', 'eps is missing: give a number from 0 to 1000000'],
    ['', { json: [5] }, 'invalid_body', 'The body is a list: send a JSON object of parameters.'],
    ['', { json: null }, 'invalid_body', 'The body is null: send a JSON object of parameters.'],
  ] as const
  for (const [search, question, code, message] of bad) {
    it(`refused: ${message}`, async (t) => {
      const { url } = await startService(t, { routes })
      const answer = await ask(`${url}/config/speed${search}`, { method: 'POST', ...question })
      assert.deepEqual([answer.status, answer.json], [400, { error: { code, message } }])
    })
  }

  it('refused on a route that takes none', async (t) => {
    const { url } = await startService(t, { routes })
    const { status, json } = await ask(`${url}/status?verbose=1`)
    assert.deepEqual([status, json.error.code], [400, 'unknown_parameter'])
  })

  it('of a GET come from the query, with the default', async (t) => {
    const { url } = await startService(t, { routes })
    assert.deepEqual((await ask(`${url}/query`)).json, { hours: 1 })
    assert.deepEqual((await ask(`${url}/query?hours=24`)).json, { hours: 24 })
    assert.equal((await ask(`${url}/query?hours=0`)).status, 400)
  })
})

describe('requests that cannot be answered', () => {
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const cases = [
    ['an unknown path', '/nothing', {}, 404, 'not_found'],
    [
      'an unknown path with a body of another type',
      '/nothing',
      { method: 'POST', body: 'a', headers: form },
      404,
      'not_found',
    ],
    [
      'a form',
      '/config/speed',
      { method: 'POST', body: 'eps=5', headers: form },
      415,
      'unsupported_media_type',
    ],
    [
      'plain text',
      '/config/speed',
      { method: 'POST', body: '5', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a body of no type',
      '/config/speed',
      { method: 'POST', body: '{"eps":5}' },
      415,
      'unsupported_media_type',
    ],
    ['broken JSON', '/config/speed', { method: 'POST', body: '{"eps":', headers: json }, 400, 'invalid_json'],
    [
      'JSON with a prototype',
      '/config/speed',
      { method: 'POST', body: '{"__proto__":{"eps":5}}', headers: json },
      400,
      'invalid_json',
    ],
    [
      'a body over 1 MiB',
      '/config/speed',
      { method: 'POST', body: `"${' '.repeat(1024 * 1024)}"`, headers: json },
      413,
      'body_too_large',
    ],
    ['an address that cannot be decoded', '/%zz', {}, 400, 'bad_request'],
  ] as const
  for (const [name, path, question, status, code] of cases) {
    it(`${name}: ${status}`, async (t) => {
      const { url } = await startService(t, { routes })
      const answer = await ask(url + path, question)
      assert.deepEqual([answer.status, answer.json?.error.code], [status, code])
      assert.equal(typeof answer.json.error.message, 'string')
      assert.deepEqual(Object.keys(answer.json), ['error'])
    })
  }

  const others = [
    ['/config/speed', 'GET', 'POST'],
    ['/config/speed', 'DELETE', 'POST'],
    ['/status', 'POST', 'GET, HEAD'],
    ['/status', 'OPTIONS', 'GET, HEAD'],
    ['/things/7', 'PUT', 'GET, HEAD'],
    ['/health', 'POST', 'GET, HEAD'],
  ] as const
  for (const [path, method, allow] of others) {
    it(`${method} ${path}: 405`, async (t) => {
      const { url } = await startService(t, { routes })
      const answer = await ask(url + path, { method, body: 'x', headers: { 'content-type': 'text/plain' } })
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow])
      assert.deepEqual(answer.json.error, {
        code: 'method_not_allowed',
        message: `${method} is not taken here: use ${allow}.`,
      })
    })
  }
})

describe('errors in a handler', () => {
  const failing = (error: unknown) => (app: App) => {
    app.get('/fails', () => {
      throw error
    })
  }

  it('are answered with 503 and their code when trying again can help', async (t) => {
    const error = new MillraceError('store_unavailable', 'no answer', { hint: 'Wait.' })
    const { url } = await startService(t, { routes: failing(error) })
    const answer = await ask(`${url}/fails`)
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'])
    assert.deepEqual(answer.json, { error: { code: 'store_unavailable', message: 'no answer. Wait.' } })
  })

  it('are answered with 404 when something is not there', async (t) => {
    const { url } = await startService(t, {
      routes: failing(new MillraceError('not_found', 'no such message')),
    })
    const answer = await ask(`${url}/fails`)
    assert.deepEqual(
      [answer.status, answer.json.error],
      [404, { code: 'not_found', message: 'no such message' }],
    )
  })

  const secrets = [
    new Error('secret'),
    new MillraceError('store_refused', 'secret'),
    Object.assign(new Error('secret'), { statusCode: 400, code: 'ENOENT' }),
    Object.assign(new Error('secret'), { statusCode: 400, code: 20 }),
    'secret',
    undefined,
  ]
  for (const error of secrets) {
    it(`are answered with 500 and nothing else when unexpected, and logged: ${error}`, async (t) => {
      const logged: unknown[] = []
      const logger = Object.assign(Object.create(OPTIONS.logger), {
        error: (line: { error: unknown }) => logged.push(line.error),
      })
      const { url } = await startService(t, { routes: failing(error), logger })
      const answer = await ask(`${url}/fails`)
      assert.deepEqual([answer.status, answer.json.error.code], [500, 'internal_error'])
      assert.doesNotMatch(answer.text, /secret/)
      assert.deepEqual(logged, [error])
    })
  }
})

describe('routes that every service has', () => {
  it('/health says 200 or 503, with the details', async (t) => {
    let reasons: string[] = []
    const { url } = await startService(t, {
      health: () => ({ healthy: reasons.length === 0, reasons, lag: 7 }),
    })
    const healthy = await ask(`${url}/health?probe=1`)
    assert.deepEqual([healthy.status, healthy.json], [200, { healthy: true, reasons: [], lag: 7 }])
    reasons = ['the store is away']
    const ill = await ask(`${url}/health`)
    assert.deepEqual([ill.status, ill.json], [503, { healthy: false, reasons, lag: 7 }])
  })

  it('/metrics are shown as they come', async (t) => {
    const { url } = await startService(t)
    const answer = await ask(`${url}/metrics`)
    assert.deepEqual([answer.status, answer.text], [200, 'millrace_up 1\n'])
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  })

  it('/openapi.json describes routes, parameters and errors', async (t) => {
    const { url } = await startService(t, { routes })
    const { json } = await ask(`${url}/openapi.json`)
    assert.deepEqual(Object.keys(json.paths).sort(), [
      '/config/speed',
      '/health',
      '/metrics',
      '/query',
      '/status',
      '/things/{id}',
    ])
    const set = json.paths['/config/speed']
    assert.deepEqual(Object.keys(set), ['post'])
    assert.deepEqual(
      set.post.parameters.map(({ name, in: place, required }: Record<string, unknown>) => [
        name,
        place,
        required,
      ]),
      [['eps', 'query', false]],
    )
    assert.equal(set.post.requestBody.content['application/json'].schema.properties.eps.maximum, 1_000_000)
    assert.notEqual(set.post.requestBody.required, true)
    assert.ok(set.post.responses.default.content['application/json'].schema.properties.error)
    const ask24 = json.paths['/query'].get
    assert.equal(ask24.parameters[0].schema.default, 1)
    assert.equal(ask24.requestBody, undefined)
    assert.equal(ask24.responses['200'].content['application/json'].schema.properties.hours.type, 'number')
  })
})
