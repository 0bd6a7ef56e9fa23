import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerRoutes } from '../../src/consumer/routes.ts'
import type { ConsumerStatus } from '../../src/consumer/status.ts'
import { MillraceError } from '../../src/errors.ts'
import { startHttpServer } from '../../src/http/server.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import type { AggregatesAnswer, AggregatesQuery } from '../../src/store/aggregates.ts'
import { NOW } from './messages.ts'

const HOUR = 3_600_000
const ANSWER = { pages: [], resolution: 'minute' } as unknown as AggregatesAnswer

const asked: AggregatesQuery[] = []
let failure: Error | undefined
const server = await startHttpServer({
  name: 'consumer',
  host: '127.0.0.1',
  port: 0,
  portSetting: 'MILLRACE_CONSUMER_PORT',
  token: '',
  insecure: false,
  logger: silentLogger(),
  health: () => ({ healthy: false, reasons: ['The store has been away'] }),
  metrics: async () => ({ contentType: 'text/plain', body: '' }),
  routes: (app) =>
    consumerRoutes(app, {
      now: () => NOW,
      status: async () => ({ mode: 'hybrid' }) as ConsumerStatus,
      aggregates: async (query) => {
        if (failure) throw failure
        asked.push(query)
        return ANSWER
      },
    }),
})
test.after(() => server.close())

async function get(
  path: string,
): Promise<{ status: number; body: { error?: { code: string; message: string } } }> {
  const response = await fetch(`${server.url}${path}`)
  return { status: response.status, body: (await response.json()) as never }
}

const GOOD: [path: string, expected: Partial<AggregatesQuery>][] = [
  ['', { fromMs: NOW - HOUR, toMs: NOW, limit: 100 }],
  ['?hours=24', { fromMs: NOW - 24 * HOUR, toMs: NOW }],
  ['?hours=0.5', { fromMs: NOW - HOUR / 2 }],
  ['?from=2026-11-23T01:00:00Z', { fromMs: NOW - 4 * HOUR, toMs: NOW }],
  ['?from=2026-11-23T01:00:00Z&to=2026-11-23T02:00:00Z', { fromMs: NOW - 4 * HOUR, toMs: NOW - 3 * HOUR }],
  ['?resolution=hour&limit=7', { resolution: 'hour', limit: 7 }],
  ['?page_id=%2Fpricing', { pageId: '/pricing' }],
]

for (const [path, expected] of GOOD) {
  test(`GET /query/aggregates${path}`, async () => {
    const { status, body } = await get(`/query/aggregates${path}`)
    assert.equal(status, 200)
    assert.deepEqual(body, ANSWER)
    const query = asked.at(-1)!
    for (const [name, value] of Object.entries(expected))
      assert.equal(query[name as keyof AggregatesQuery], value, name)
  })
}

const BAD: [path: string, names: RegExp][] = [
  ['?hours=0', /hours.*"0"/],
  ['?hours=-1', /hours.*"-1"/],
  ['?hours=abc', /hours.*"abc"/],
  ['?hours=', /hours/],
  ['?hours=1e3', /hours.*"1e3"/],
  ['?hours=1&hours=2', /hours/],
  ['?hours=1&from=2026-11-23T01:00:00Z', /hours.*from/],
  ['?to=2026-11-23T01:00:00Z', /from is missing/],
  ['?from=yesterday', /from.*"yesterday".*ISO 8601/],
  ['?from=2026-11-23T02:00:00Z&to=2026-11-23T02:00:00Z', /from.*not before to/],
  ['?resolution=second', /resolution.*"second".*minute, hour/],
  ['?limit=0', /limit.*"0"/],
  ['?limit=1.5', /limit/],
  ['?page_id=', /page_id/],
  ['?nonsense=1', /nonsense/],
  ['?from=1970-01-01T00:00:00Z&resolution=minute', /resolution.*windows/],
]

for (const [path, names] of BAD) {
  test(`GET /query/aggregates${path} is a 400 that says what is wrong`, async () => {
    const before = asked.length
    const { status, body } = await get(`/query/aggregates${path}`)
    assert.equal(status, 400)
    assert.match(body.error!.message, names)
    assert.equal(asked.length, before)
  })
}

test('the store being away is a 503, and health says why', async () => {
  failure = new MillraceError('store_unavailable', 'connection refused')
  const { status, body } = await get('/query/aggregates')
  failure = undefined
  assert.equal(status, 503)
  assert.equal(body.error!.code, 'store_unavailable')
  const health = await get('/health')
  assert.equal(health.status, 503)
  assert.deepEqual(health.body, { healthy: false, reasons: ['The store has been away'] })
})
