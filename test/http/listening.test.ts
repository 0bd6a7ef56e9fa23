import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { startHttpServer } from '../../src/http/server.ts'
import { ask, OPTIONS, startService } from './service.ts'

/** A bare connection to a server, so that a test can send what no client would. */
async function connectTo(t: TestContext, url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

describe('listening', () => {
  it('tells where, for an address and for localhost', async (t) => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const { url } = await startService(t, { host })
      assert.match(url, new RegExp(`^http://${host}:\\d+$`))
      assert.equal((await ask(`${url}/health`)).status, 200)
    }
  })

  it('names the setting of a port that is taken, and what to do', async (t) => {
    const port = Number(new URL((await startService(t)).url).port)
    await assert.rejects(startHttpServer({ ...OPTIONS, port }), {
      code: 'port_in_use',
      message: `the consumer cannot listen on port ${port} of 127.0.0.1: another program has the port`,
      hint: 'Stop the other program, or set MILLRACE_CONSUMER_PORT to another port; 0 takes a free one.',
    })
  })

  it('refuses an address that is not of this machine', async () => {
    await assert.rejects(startHttpServer({ ...OPTIONS, host: '192.0.2.1', token: 'a-token' }), {
      code: 'invalid_setting',
      hint: /MILLRACE_HOST/,
    })
  })
})

describe('closing', () => {
  it('does not wait for connections without a request', async (t) => {
    const server = await startHttpServer(OPTIONS)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const [response] = await once(get(`${server.url}/health`, { agent }), 'response')
    await text(response)
    const silent = await connectTo(t, server.url)
    const ended = once(silent, 'close')
    silent.resume()
    await server.close()
    await ended
    await assert.rejects(ask(`${server.url}/health`), { code: 'ECONNREFUSED' })
  })

  it('lets requests under way end', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const mayAnswer = Promise.withResolvers<void>()
    const server = await startService(t, {
      routes: (app) => {
        app.get('/slow', async () => {
          arrived.resolve()
          await mayAnswer.promise
          return { slow: true }
        })
      },
    })
    const answer = ask(`${server.url}/slow`)
    await arrived.promise
    const closed = server.close()
    mayAnswer.resolve()
    assert.deepEqual((await answer).json, { slow: true })
    await closed
  })

  it('cuts off requests that do not end, and can be asked for twice', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const server = await startHttpServer(
      {
        ...OPTIONS,
        routes: (app) => {
          app.get('/never', () => {
            arrived.resolve()
            return new Promise(() => {})
          })
        },
      },
      { request: 15_000, answer: 60_000, close: 20 },
    )
    t.after(() => server.close())
    const cutOff = assert.rejects(ask(`${server.url}/never`), { code: 'ECONNRESET' })
    await arrived.promise
    await Promise.all([server.close(), server.close(), cutOff])
  })
})

describe('on the wire', () => {
  const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))

  it('answers what is no request', async (t) => {
    const socket = await connectTo(t, (await startService(t)).url)
    socket.write('hello\r\n\r\n')
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(bodyOf(answer).error.code, 'bad_request')
  })

  it('answers a request that names no host', async (t) => {
    const socket = await connectTo(t, (await startService(t)).url)
    socket.write('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 421 /)
    assert.equal(bodyOf(answer).error.code, 'wrong_host')
  })

  it('answers headers that are too large', async (t) => {
    const socket = await connectTo(t, (await startService(t)).url)
    socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`)
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 431 /)
    assert.equal(bodyOf(answer).error.code, 'headers_too_large')
  })

  it('gives up on requests that do not arrive, and on answers that do not come', async (t) => {
    const server = await startHttpServer(
      {
        ...OPTIONS,
        routes: (app) => {
          app.get('/never', () => new Promise(() => {}))
        },
      },
      { request: 50, answer: 50, close: 20 },
    )
    t.after(() => server.close())
    const late = await ask(`${server.url}/never`)
    assert.deepEqual([late.status, late.json.error.code], [503, 'timeout'])
    const socket = await connectTo(t, server.url)
    socket.write('GET /health HTTP/1.1\r\nHost: loc')
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 408 /)
    assert.equal(bodyOf(answer).error.code, 'request_timeout')
  })
})
