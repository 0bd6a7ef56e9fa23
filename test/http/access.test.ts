import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { isLoopback } from '../../src/http/access.ts'
import { startHttpServer } from '../../src/http/server.ts'
import { ask, OPTIONS, startService } from './service.ts'

describe('the token', () => {
  const token = 'a-token-ü'
  const bearer = (text: string) => ({ authorization: Buffer.from(text).toString('latin1') })

  it('is needed everywhere but on /health', async (t) => {
    const { url } = await startService(t, { token })
    assert.equal((await ask(`${url}/health`)).status, 200)
    for (const path of ['/metrics', '/openapi.json', '/nothing', '/health/', '/HEALTH']) {
      const answer = await ask(url + path)
      assert.deepEqual([answer.status, answer.json.error.code], [401, 'unauthorized'], path)
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="millrace"')
    }
    assert.equal((await ask(`${url}/metrics`, { method: 'POST' })).status, 401)
  })

  it('lets in who has it', async (t) => {
    const { url } = await startService(t, { token })
    for (const text of [`Bearer ${token}`, `bearer  ${token}`]) {
      assert.equal((await ask(`${url}/metrics`, { headers: bearer(text) })).status, 200, text)
    }
  })

  for (const text of [
    'Bearer a-token',
    'Bearer a-token-ü2',
    'Bearer ',
    'Bearer',
    'a-token-ü',
    'Basic a-token-ü',
  ]) {
    it(`does not let in ${text}`, async (t) => {
      const { url } = await startService(t, { token })
      assert.equal((await ask(`${url}/metrics`, { headers: bearer(text) })).status, 401)
    })
  }
})

describe('a service on a loopback address', () => {
  for (const host of ['localhost', 'LOCALHOST:8081', '127.0.0.1', '127.0.0.1:9', '[::1]:8081']) {
    it(`answers as ${host}`, async (t) => {
      const { url } = await startService(t)
      assert.equal((await ask(`${url}/metrics`, { headers: { host } })).status, 200)
    })
  }

  for (const host of [
    'evil.example',
    'evil.example:8081',
    'localhost.evil.example',
    '192.0.2.1',
    '127.0.0.1.evil.example',
  ]) {
    it(`does not answer as ${host}`, async (t) => {
      const { url } = await startService(t)
      for (const path of ['/metrics', '/health', '/nothing']) {
        const answer = await ask(url + path, { headers: { host } })
        assert.deepEqual([answer.status, answer.json.error.code], [421, 'wrong_host'])
      }
    })
  }

  it('takes changes from pages of this machine only', async (t) => {
    const { url } = await startService(t, {
      routes: (app) => {
        app.post('/change', () => ({}))
      },
    })
    const change = async (origin: string) =>
      (await ask(`${url}/change`, { method: 'POST', headers: { origin } })).status
    assert.equal(await change('http://localhost:8081'), 200)
    assert.equal(await change('https://evil.example'), 403)
    assert.equal(await change('null'), 403)
    assert.equal((await ask(`${url}/metrics`, { headers: { origin: 'https://evil.example' } })).status, 200)
    const crossSite = { 'sec-fetch-site': 'cross-site' }
    assert.equal((await ask(`${url}/change`, { method: 'POST', headers: crossSite })).status, 403)
  })
})

describe('a service on every address that asks for no token', () => {
  const open = { host: '0.0.0.0', insecure: true }
  for (const host of [
    '127.0.0.1:8081',
    '192.0.2.7',
    '[2001:db8::1]:80',
    'consumer:8081',
    'localhost',
    hostname(),
  ]) {
    it(`answers as ${host}`, async (t) => {
      const { url } = await startService(t, open)
      assert.equal((await ask(`${url}/metrics`, { headers: { host } })).status, 200)
    })
  }
  for (const host of ['millrace.local', 'consumer.page-views.svc.cluster.local.', 'c.internal:8081']) {
    it(`answers as ${host}, which nobody can register`, async (t) => {
      const { url } = await startService(t, open)
      assert.equal((await ask(`${url}/metrics`, { headers: { host } })).status, 200)
    })
  }
  for (const host of [
    'evil.example',
    'evil.example:8081',
    '192.0.2.7.evil.example',
    'local.evil.com',
    '',
    'a b',
    '/',
  ]) {
    it(`does not answer as "${host}": a page could be behind it (DNS rebinding)`, async (t) => {
      const { url } = await startService(t, open)
      for (const path of ['/metrics', '/health', '/nothing']) {
        const answer = await ask(url + path, { headers: { host } })
        assert.ok([421, 400].includes(answer.status), `${answer.status}`)
      }
    })
  }

  it('takes changes from its own pages only', async (t) => {
    const { url } = await startService(t, {
      ...open,
      routes: (app) => {
        app.post('/change', () => ({}))
      },
    })
    const host = '192.0.2.7:8081'
    const change = async (headers: Record<string, string>) =>
      (await ask(`${url}/change`, { method: 'POST', headers: { host, ...headers } })).status
    assert.equal(await change({}), 200, 'no browser')
    assert.equal(await change({ origin: `http://${host}` }), 200)
    for (const origin of [
      'http://192.0.2.7:9',
      'https://evil.example',
      'null',
      'http://localhost:8081',
      '',
    ]) {
      assert.equal(await change({ origin }), 403, origin)
    }
    assert.equal(await change({ 'sec-fetch-site': 'cross-site' }), 403)
    assert.equal(await change({ 'sec-fetch-site': 'same-origin', origin: `http://${host}` }), 200)
  })

  it('with a token it may have any name', async (t) => {
    const { url } = await startService(t, { host: '0.0.0.0', token: 'secret' })
    const headers = { host: 'stats.example', authorization: 'Bearer secret' }
    assert.equal((await ask(`${url}/metrics`, { headers })).status, 200)
    assert.equal((await ask(`${url}/metrics`, { headers: { host: 'stats.example' } })).status, 401)
  })
})

describe('a service on every address', () => {
  it('needs a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      await assert.rejects(startHttpServer({ ...OPTIONS, host }), {
        code: 'invalid_setting',
        message: `MILLRACE_HOST: ${host} can be reached from other machines, and no MILLRACE_API_TOKEN is set`,
        hint: /MILLRACE_API_TOKEN.*MILLRACE_INSECURE/,
      })
    }
  })
})

it('loopback addresses', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(host), host)
  }
  for (const host of [
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    'localhost.example',
    '127.0.0.1.example',
  ]) {
    assert.ok(!isLoopback(host), host)
  }
})
