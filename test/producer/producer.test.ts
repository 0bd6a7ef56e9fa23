import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHttpServer } from '../../src/http/server.ts'
import { MemoryLedger } from '../../src/ledger/memory-ledger.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { keyAt } from '../../src/log/record-batch.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { countProducer } from '../../src/producer/counters.ts'
import { Generator } from '../../src/producer/generator/generator.ts'
import { Pacer } from '../../src/producer/generator/modes.ts'
import { Producer, type ProducerOptions } from '../../src/producer/producer.ts'
import { producerRoutes } from '../../src/producer/routes.ts'
import { producerSentence } from '../../src/producer/statistics.ts'
import { statusOf } from '../../src/producer/status.ts'
import { Delivery } from '../../src/send/delivery.ts'
import { Dispatcher } from '../../src/send/dispatcher.ts'
import { FailedEvents } from '../../src/send/failed-events.ts'
import { Partitioner } from '../../src/send/partitioning.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'

async function setUp(t: TestContext, overrides: Partial<ProducerOptions> = {}) {
  const log = new MemoryLog()
  const ledger = new MemoryLedger()
  const failedEvents = new FailedEvents({
    directory: await temporaryDirectory(t),
    logger: silentLogger(),
    now: Date.now,
  })
  const delivery = new Delivery({
    writer: await log.writer(),
    ledger,
    failedEvents,
    monotonic: () => performance.now(),
  })
  const dispatcher = new Dispatcher({
    delivery,
    weights: { sync: 1, async: 1, batch: 1 },
    batch: { size: 50, intervalMs: 5 },
    random: Math.random,
  })
  const producer = new Producer({
    generator: new Generator({ seed: 1, shares: { bounces: 0.1, invalid: 0.05, repeats: 0.05 } }),
    pacer: new Pacer({ seed: 1, mode: 'regular' }),
    partitioner: new Partitioner({
      partitions: 6,
      weights: { page: 70, 'round-robin': 20, random: 10 },
      seed: 1,
    }),
    dispatcher,
    bufferSize: 100,
    whenFull: 'drop',
    generate: false,
    now: Date.now,
    monotonic: () => performance.now(),
    ...overrides,
  })
  const { counts, stop } = countProducer()
  t.after(stop)
  const state = () => ({
    ...{ version: '1', topic: 't', partitions: 6, seed: 1, startedAtMs: 0, nowMs: 0 },
    counts,
    producer,
  })
  return { log, ledger, producer, counts, state }
}

/** Messages, and different keys among them, that a log holds. */
async function contentOf(log: MemoryLog): Promise<{ messages: number; keys: number }> {
  const keys = new Set<string>()
  let messages = 0
  for (const { partition } of await log.bounds()) {
    const batch = await log.read(partition, 0, { maxRecords: 1e6, maxBytes: 1e9 })
    for (let i = 0; i < (batch?.length ?? 0); i++) keys.add(keyAt(batch!, i)!.toString())
    messages += batch?.length ?? 0
  }
  return { messages, keys: keys.size }
}

test('a burst larger than the buffer is sent whole, and the ledger is what the log holds', async (t) => {
  const { log, ledger, producer, counts } = await setUp(t)
  producer.start()
  producer.burst(5_000)
  await eventually('the burst to be sent', async () => counts.sent === 5_000)
  await producer.stop()
  const { messages, keys } = await contentOf(log)
  const { views, repeats, invalid, messages: recorded } = ledger.read()
  const rejected = Object.values(invalid).reduce((sum, n) => sum + n, 0)
  assert.equal(messages, 5_000)
  assert.equal(recorded, 5_000)
  assert.equal(views + rejected, keys)
  assert.equal(repeats, messages - keys)
  assert.equal(counts.dropped, 0)
  assert.equal(counts.duplicates, repeats)
  assert.equal(counts.invalid, rejected)
})

test('what is due while the buffer is full is dropped and counted; what blocks is not', async (t) => {
  for (const whenFull of ['drop', 'block'] as const) {
    const pacer = new Pacer({ seed: 1, mode: 'regular', speedEps: 1_000_000 })
    const { log, producer, counts } = await setUp(t, { pacer, whenFull, generate: true })
    producer.start()
    await eventually('many events', async () => counts.sent > 1_000)
    await producer.stop()
    assert.equal(counts.dropped > 0, whenFull === 'drop', whenFull)
    assert.equal((await contentOf(log)).messages, counts.sent)
    assert.equal(counts.generated, counts.sent)
  }
})

test('paused it generates nothing, and goes on when it is asked to', async (t) => {
  const pacer = new Pacer({ seed: 1, mode: 'regular', speedEps: 1_000 })
  const { producer, counts } = await setUp(t, { pacer })
  producer.start()
  producer.burst(10)
  await eventually('the burst', async () => counts.sent === 10)
  assert.equal(producer.rate, 0)
  producer.resume()
  await eventually('events', async () => counts.sent > 20)
  producer.pause()
  await producer.stop()
  assert.equal(counts.generated, counts.sent)
})

test('the sentence of the statistics says what a person looks for', async (t) => {
  const { state } = await setUp(t)
  const counts = { ...state().counts, sent: 1_234, lastSendLatencyMs: 12.4 }
  assert.match(
    producerSentence({ ...state(), counts }, 234, 10),
    /Sent 1,234 messages \(100\/s\).*Last Send Latency: 12ms/,
  )
})

test('the HTTP API: good and bad input', async (t) => {
  const { producer, counts, state } = await setUp(t)
  producer.start()
  const server = await startHttpServer({
    ...{
      name: 'producer',
      host: '127.0.0.1',
      port: 0,
      portSetting: 'MILLRACE_PRODUCER_PORT',
      token: '',
      insecure: false,
    },
    logger: silentLogger(),
    health: () => ({ healthy: true, reasons: [] }),
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    routes: (app) => producerRoutes(app, { producer, status: () => statusOf(state()) }),
  })
  t.after(async () => {
    await server.close()
    await producer.stop()
  })
  const post = async (path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown> & { error?: { message: string } },
    }
  }

  assert.equal((await post('/config/speed?eps=5000')).body.speed_override, 5_000)
  assert.equal((await post('/config/speed', { eps: 0 })).body.speed_override, null)
  assert.equal((await post('/config/mode', { mode: 'night' })).body.mode, 'night')
  assert.deepEqual((await post('/config/shares?invalid=0.5')).body, {
    bounces: 0.1,
    invalid: 0.5,
    repeats: 0.05,
  })
  assert.deepEqual((await post('/config/partitioning?page=0&random=0')).body, {
    page: 0,
    'round-robin': 20,
    random: 0,
  })
  assert.deepEqual((await post('/config/strategies', { sync: 5 })).body, { sync: 5, async: 1, batch: 1 })
  assert.equal((await post('/generate/resume')).body.generating, true)
  assert.equal((await post('/generate/pause')).body.generating, false)
  assert.equal((await post('/generate/burst?count=25')).body.accepted, 25)
  await eventually('the burst', async () => counts.sent >= 25)

  const bad: [path: string, names: RegExp][] = [
    ['/config/speed', /eps is missing/],
    ['/config/speed?eps=-1', /eps.*"-1"/],
    ['/config/speed?eps=fast', /eps.*"fast"/],
    ['/config/speed?eps=1&speed=2', /speed/],
    ['/config/mode?mode=turbo', /mode.*"turbo".*regular, peak, night/],
    ['/generate/burst?count=0', /count.*"0"/],
    ['/generate/burst?count=1.5', /count.*"1.5"/],
    ['/config/shares', /bounces, invalid, repeats/],
    ['/config/shares?invalid=2', /invalid.*"2"/],
    ['/config/shares?bounces=0.6', /together 1/],
    ['/config/partitioning?page=0&round-robin=0&random=0', /all 0/],
    ['/config/strategies?batch=-1', /batch.*"-1"/],
  ]
  for (const [path, names] of bad) {
    const { status, body } = await post(path)
    assert.equal(status, 400, path)
    assert.match(body.error!.message, names)
  }
  const status = (await (await fetch(`${server.url}/status`)).json()) as Record<string, unknown>
  const promised =
    'mode speed_eps generated sent failed dropped duplicates invalid last_send_latency_ms buffer_used buffer_size'
  for (const name of promised.split(' ')) assert.ok(name in status, name)
})
