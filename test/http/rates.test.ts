import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../../src/http/server.ts'
import { ask, startService } from './service.ts'

const routes = (app: App): void => {
  app.post('/change', () => ({}))
}

test('changes are limited for each client, and looking is not', async (t) => {
  const { url } = await startService(t, { routes, rates: { changes: 3, mistakes: 2 } })
  const change = () => ask(`${url}/change`, { method: 'POST' })
  for (let i = 0; i < 3; i++) assert.equal((await change()).status, 200)
  const refused = await change()
  assert.deepEqual([refused.status, refused.json.error.code], [429, 'too_many_requests'])
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal((await ask(`${url}/nothing`, { method: 'DELETE' })).status, 429, 'whatever the path')
  for (let i = 0; i < 10; i++) assert.equal((await ask(`${url}/metrics`)).status, 200)
})

test('who guesses tokens is refused, also with the right one then', async (t) => {
  const { url } = await startService(t, { token: 'secret', rates: { changes: 100, mistakes: 3 } })
  const get = (token: string, path = '/metrics') =>
    ask(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  for (let i = 0; i < 20; i++) assert.equal((await get('secret')).status, 200, 'who has it is not counted')
  for (let i = 0; i < 3; i++) assert.equal((await get(`guess ${i}`)).status, 401)
  const refused = await get('another guess')
  assert.deepEqual([refused.status, refused.json.error.code], [429, 'too_many_requests'])
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal((await get('secret')).status, 429, 'otherwise guessing would go on')
  assert.equal((await get('x', '/health')).status, 200, 'what needs no token is answered')
})

test('the two are counted apart', async (t) => {
  const { url } = await startService(t, { routes, token: 'secret', rates: { changes: 2, mistakes: 2 } })
  const change = (token: string) =>
    ask(`${url}/change`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  assert.equal((await change('secret')).status, 200)
  assert.equal((await change('secret')).status, 200)
  assert.equal((await ask(`${url}/metrics`)).status, 401)
  assert.equal((await ask(`${url}/metrics`)).status, 401)
  assert.equal((await change('secret')).status, 429)
})
