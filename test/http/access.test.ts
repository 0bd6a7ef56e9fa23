import assert from 'node:assert/strict'
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
