import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { type Fault, FaultProxy } from '../helpers/fault-proxy.ts'
import { randomSeed } from '../helpers/seed.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { startScratchServer } from '../store/scratch-server.ts'

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: 'refuse' }),
  fc.constant<Fault>({ kind: 'lose-answer' }),
  fc.nat(400).map((bytes): Fault => ({ kind: 'cut-answer', bytes })),
  fc.constant<Fault>({ kind: 'stall' }),
  fc.integer({ min: 1, max: 300 }).map((ms): Fault => ({ kind: 'delay', ms })),
  fc
    .constantFrom(408, 429, 500, 502, 503, 504)
    .map((status): Fault => ({ kind: 'status', status, body: '<h1>Later</h1>' })),
)

const FAULTS = 8

/** The whole program on a server of its own, with something between that can fail. */
async function throughProxy(t: TestContext, settings: Record<string, string> = {}) {
  const { endpoint, stop } = await startScratchServer()
  t.after(stop)
  const proxy = await FaultProxy.start(t, () => Number(new URL(endpoint.url).port))
  const system = await System.create(t, {
    MILLRACE_CLICKHOUSE_URL: proxy.url,
    MILLRACE_CLICKHOUSE_USER: endpoint.user,
    MILLRACE_CLICKHOUSE_PASSWORD: endpoint.password,
    MILLRACE_CLICKHOUSE_DATABASE: endpoint.database,
    ...settings,
  })
  return { proxy, system }
}

test('whatever stands between the consumer and ClickHouse fails, at random: nothing is lost or counted twice', async (t) => {
  const seed = randomSeed(t)
  const { proxy, system } = await throughProxy(t, {
    MILLRACE_CLICKHOUSE_TIMEOUT: '2s',
    MILLRACE_SPEED: '500',
  })
  // The first ones are met while tables are made.
  const program = system.start('start')
  for (const each of fc.sample(fault, { seed, numRuns: FAULTS })) {
    proxy.break(each)
    const before = proxy.met
    await eventually(`the fault ${JSON.stringify(each)} to be met`, () => proxy.met > before)
    await sleep(seed % 300)
    proxy.heal()
    await sleep(seed % 500)
    assert.ok(program.running, `${JSON.stringify(each)} ended it: ${program.stderr.slice(-2_000)}`)
  }
  await system.ready(program)
  const { sent } = await system.producerStatus()
  await eventually('the consumer to go on by itself', async () => {
    return (await system.consumerStatus()).processed > sent
  })
  await system.post(`${system.producerUrl}/generate/pause`)
  await system.verifyAgrees()
  assert.equal((await program.interrupt()).status, 0)
})

test('what no waiting mends ends the consumer with one line and status 4', async (t) => {
  const { proxy, system } = await throughProxy(t)
  const cases: readonly (readonly [Fault, Record<string, string>, RegExp])[] = [
    [
      { kind: 'status', status: 404, body: '<h1>Nothing here</h1>' },
      {},
      /404, Nothing here.*CLICKHOUSE_URL/s,
    ],
    [{ kind: 'none' }, { MILLRACE_CLICKHOUSE_PASSWORD: 'wrong' }, /CLICKHOUSE_PASSWORD/],
    [{ kind: 'none' }, { MILLRACE_CLICKHOUSE_URL: proxy.url.replace('http', 'https') }, /CLICKHOUSE_URL/],
  ]
  for (const [fault, settings, says] of cases) {
    proxy.break(fault)
    const flags = Object.entries(settings).flatMap(([name, value]) => [
      `--${name.replace('MILLRACE_', '').toLowerCase().replaceAll('_', '-')}`,
      value,
    ])
    const { status, stderr } = await system.run('consumer', '-init-schema', ...flags)
    assert.equal(status, 4, stderr)
    assert.match(stderr, says)
  }
})
