import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadAssets } from '../../src/dashboard/assets.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('the whole page is under 150 kB compressed, and asks nobody else for anything', () => {
  const assets = loadAssets()
  const names = assets.map(({ name }) => name)
  const html = assets.find(({ name }) => name === 'index.html')!.bodies.identity.toString()
  const named = Array.from(html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g), ([, name]) => name!)
  assert.deepEqual(
    [...new Set(named), 'index.html'].sort(),
    names.sort(),
    'the page asks for all of it at once',
  )
  const bytes = assets.reduce((sum, { bodies }) => sum + bodies.br.length, 0)
  assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`)
  for (const { name, bodies } of assets) {
    const foreign = bodies.identity.toString().match(/(?:src|href|url|import)[\s=("']+https?:\/\/[^\s"')]+/g)
    assert.equal(foreign, null, `${name} names another place: ${foreign}`)
  }
})

test('page, updates and controls of a running system', async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const { consumerUrl } = system

  const page = await fetch(`${consumerUrl}/`, { headers: { 'accept-encoding': 'br' } })
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const html = await page.text()
  for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
    const response = await fetch(`${consumerUrl}${path}`)
    assert.equal(response.status, 200, path)
  }

  const burst = await fetch(`${consumerUrl}/control/burst?count=500`, { method: 'POST' })
  assert.equal(burst.status, 200, await burst.clone().text())
  const refused = await fetch(`${consumerUrl}/control/speed?eps=fast`, { method: 'POST' })
  assert.equal(refused.status, 400)
  assert.match(await refused.text(), /eps/)

  const stop = new AbortController()
  const live = await fetch(`${consumerUrl}/live`, { signal: stop.signal })
  assert.equal(live.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  let text = ''
  for await (const chunk of live.body!) {
    text += Buffer.from(chunk).toString()
    const updates = text
      .split('\n\n')
      .filter((frame) => frame.startsWith('event: update') && frame.endsWith('}'))
    const last = updates.at(-1)
    if (last === undefined) continue
    const { consumer, recent, store_problem: problem } = JSON.parse(last.slice(last.indexOf('{')))
    if (consumer.processed === 500 && recent?.totals.views === consumer.valid) {
      assert.equal(problem, null)
      break
    }
  }
  stop.abort()

  await eventually('the pages to be shown', async () => {
    const { totals, pages } = await system.get(`${consumerUrl}/live/top?search=/`)
    const { valid } = await system.consumerStatus()
    assert.ok(pages.length > 0)
    assert.equal(totals.views, valid)
    return true
  })
  const series = await system.get(`${consumerUrl}/live/series?range=24h`)
  assert.equal(series.step_ms, 60_000)
  assert.equal((await fetch(`${consumerUrl}/live/series?range=century`)).status, 400)
  const few = await system.get(`${consumerUrl}/live/top?limit=2`)
  assert.equal(few.pages.length, 2)
  assert.ok(few.pages_found > 2)

  assert.equal((await system.get(`${consumerUrl}/verify`)).verdict, null)
  const report = await system.verifyAgrees()
  const { verdict } = await system.get(`${consumerUrl}/verify`)
  assert.equal(verdict.began_at, report.began_at, 'the verdict of the command line')
  assert.equal(verdict.messages, 500)
})

test('the page itself needs no token, everything that it shows does', async (t) => {
  const system = await System.create(t, {
    MILLRACE_GENERATE: 'off',
    MILLRACE_API_TOKEN: 'a-token-for-the-test',
  })
  const program = system.start('start')
  await eventually('the page to be there', async () => {
    assert.ok(program.running, program.stderr)
    return (await fetch(`${system.consumerUrl}/`)).ok
  })
  for (const path of ['/live', '/live/top', '/live/series', '/live/rejected']) {
    assert.equal((await fetch(`${system.consumerUrl}${path}`)).status, 401, path)
  }
  assert.equal((await fetch(`${system.consumerUrl}/control/pause`, { method: 'POST' })).status, 401)
  const withToken = { headers: { authorization: 'Bearer a-token-for-the-test' } }
  assert.equal((await fetch(`${system.consumerUrl}/live/rejected`, withToken)).status, 200)
  assert.equal(
    (await fetch(`${system.consumerUrl}/control/pause`, { method: 'POST', ...withToken })).status,
    200,
  )
})
