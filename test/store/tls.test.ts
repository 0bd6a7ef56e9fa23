import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { Connection } from '../../src/store/client.ts'
import { Database } from '../../src/store/database.ts'
import { Authority, type Certificate } from '../helpers/certificates.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { tlsFront } from '../helpers/tls-front.ts'
import { storeFixture } from './fixture.ts'

const store = storeFixture()

/** The server behind TLS, and a database that speaks with it. */
async function behindTls(t: TestContext, certificate: Certificate, askedOf?: string) {
  const port = await tlsFront(t, Number(new URL(store.endpoint().url).port), certificate, askedOf)
  return (tls: Connection['tls'], scheme = 'https'): Database => {
    const endpoint = { ...store.endpoint(), url: `${scheme}://127.0.0.1:${port}`, database: 'system' }
    const db = new Database({ endpoint: () => endpoint, timeoutMs: 5_000, ...(tls ? { tls } : {}) })
    t.after(() => db.close())
    return db
  }
}

const pem = (path: string): string => readFileSync(path, 'utf8')
const REFUSED = { code: 'store_refused', kind: 'permanent', hint: /MILLRACE_CLICKHOUSE_TLS_CA/ }

test('TLS with an authority of its own; without it, or with another one, the server is refused', async (t) => {
  const directory = await temporaryDirectory(t)
  const ours = await Authority.create(directory, 'ours')
  const other = await Authority.create(directory, 'other')
  const connect = await behindTls(t, await ours.sign('server'))
  await connect({ ca: pem(ours.cert) }).ping()
  await assert.rejects(connect(undefined).ping(), REFUSED)
  await assert.rejects(connect({ ca: pem(other.cert) }).ping(), REFUSED)
})

test('a certificate for another host is refused', async (t) => {
  const ours = await Authority.create(await temporaryDirectory(t), 'ours')
  const connect = await behindTls(t, await ours.sign('server', 'DNS:clickhouse.example'))
  await assert.rejects(connect({ ca: pem(ours.cert) }).ping(), REFUSED)
})

test('a client certificate where the server asks for one', async (t) => {
  const ours = await Authority.create(await temporaryDirectory(t), 'ours')
  const connect = await behindTls(t, await ours.sign('server'), ours.cert)
  const client = await ours.sign('client')
  await connect({ ca: pem(ours.cert), cert: pem(client.cert), key: pem(client.key) }).ping()
  await assert.rejects(connect({ ca: pem(ours.cert) }).ping(), REFUSED)
})

test('https where the server speaks plain HTTP is refused with what to check', async () => {
  const url = store.endpoint().url.replace('http:', 'https:')
  const db = new Database({ endpoint: () => ({ ...store.endpoint(), url }), timeoutMs: 5_000 })
  await assert.rejects(db.ping(), REFUSED)
  await db.close()
})
