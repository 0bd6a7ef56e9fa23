import assert from 'node:assert/strict'
import { appendFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { MillraceError } from '../../src/errors.ts'
import { MemoryLedger } from '../../src/ledger/memory-ledger.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { Delivery } from '../../src/send/delivery.ts'
import { Dispatcher } from '../../src/send/dispatcher.ts'
import {
  FailedEvents,
  failedEventsDirectory,
  listFailedEventFiles,
  readFailedEvents,
} from '../../src/send/failed-events.ts'
import { resendFile } from '../../src/send/resend.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { outgoing, repeatable, ScriptedWriter } from './messages.ts'

async function setUp(t: TestContext) {
  const dataDir = await temporaryDirectory(t)
  const writer = new ScriptedWriter()
  const ledger = new MemoryLedger()
  const failedEvents = new FailedEvents({
    directory: failedEventsDirectory(dataDir),
    logger: silentLogger(),
    now: () => 0,
  })
  const delivery = new Delivery({ writer, ledger, failedEvents, monotonic: () => 0 })
  return { dataDir, writer, ledger, failedEvents, delivery }
}

const refused = (text: string) => (records: readonly { value: Uint8Array | null }[]) =>
  records.some(({ value }) => Buffer.from(value!).toString() === text)
    ? new MillraceError('log_refused', 'too large')
    : undefined

test('one message that cannot be sent does not take the others of its batch with it', async (t) => {
  const { dataDir, writer, ledger, failedEvents, delivery } = await setUp(t)
  writer.fail = refused('2')
  const delivered = await delivery.send([outgoing(1), outgoing(2), outgoing(3)], 'batch')
  assert.deepEqual(delivered, ['acknowledged', 'failed', 'acknowledged'])
  assert.equal(ledger.read().views, 2)
  await failedEvents.close()
  const [file] = await listFailedEventFiles(dataDir)
  assert.deepEqual(await readFailedEvents(file!), [outgoing(2)])
})

test('every byte of a failed event comes back, and a line that a crash cut off is left out', async (t) => {
  const { dataDir, failedEvents } = await setUp(t)
  const strange = {
    partition: 1,
    key: null,
    value: Buffer.from([0, 255, 10, 13, 34]),
    timestampMs: 5,
    entry: { kind: 'invalid', reason: 'broken_json' },
  } as const
  await failedEvents.keep([strange, outgoing(1)], 'a\nreason')
  await failedEvents.close()
  const [file] = await listFailedEventFiles(dataDir)
  await appendFile(file!, '{"failed_at":"2026-')
  assert.deepEqual(await readFailedEvents(file!), [strange, outgoing(1)])
})

test('a file of something else is refused with the line', async (t) => {
  const { dataDir } = await setUp(t)
  for (const text of ['no json\n', '{}\n', '[]', '{"partition":"a"}\n']) {
    const path = `${dataDir}/bad`
    await writeFile(path, text)
    await assert.rejects(readFailedEvents(path), { code: 'file_unusable', message: /line 1/ })
  }
})

test('what failed is sent again: once in the ledger, however often it is interrupted', async (t) => {
  const { dataDir, failedEvents } = await setUp(t)
  await failedEvents.keep([outgoing(1), outgoing(2), outgoing(3, { kind: 'repeat' })], 'away')
  await failedEvents.close()
  const [file] = await listFailedEventFiles(dataDir)
  const log = new MemoryLog({ partitions: 2 })
  const ledger = new MemoryLedger()
  const options = { writer: await log.writer(), ledger, topic: 'page-views', partitions: 2 }
  // Sent, and killed before the file got its other name.
  assert.equal(await resendFile(file!, options), 3)
  await rename(`${file}.sent`, file!)
  assert.equal(await resendFile(file!, options), 3)
  const { views, repeats, messages } = ledger.read()
  assert.deepEqual({ views, repeats, messages }, { views: 2, repeats: 4, messages: 6 })
  assert.equal(
    (await log.bounds()).reduce((sum, { end }) => sum + end, 0),
    6,
  )
  assert.deepEqual(await listFailedEventFiles(dataDir), [])
  assert.equal((await readdir(failedEventsDirectory(dataDir))).length, 1)
})

test('a repeat waits for its original, and fails with it', async (t) => {
  const { dataDir, writer, ledger, failedEvents, delivery } = await setUp(t)
  const dispatcher = new Dispatcher({
    delivery,
    weights: { sync: 0, async: 1, batch: 0 },
    batch: { size: 10, intervalMs: 1 },
    random: () => 0,
  })
  const originals = [repeatable(1), repeatable(2)]
  const again = originals.map((original) => ({ ...original, entry: { kind: 'repeat' } as const }))
  writer.fail = refused('2')
  for (const message of [...originals, ...again]) await dispatcher.send(message)
  await dispatcher.drain()
  assert.deepEqual(
    writer.appended.map(({ value }) => Buffer.from(value!).toString()),
    ['1', '1'],
  )
  const { views, repeats } = ledger.read()
  assert.deepEqual({ views, repeats }, { views: 1, repeats: 1 })
  await failedEvents.close()
  const [file] = await listFailedEventFiles(dataDir)
  assert.deepEqual(await readFailedEvents(file!), [outgoing(2), outgoing(2)])
})

test('a repeat of an event that failed and could not be kept either is sent again as a page view', async (t) => {
  const { dataDir, writer, failedEvents, delivery } = await setUp(t)
  const dispatcher = new Dispatcher({
    delivery,
    weights: { sync: 0, async: 1, batch: 0 },
    batch: { size: 10, intervalMs: 1 },
    random: () => 0,
  })
  const original = repeatable(1)
  writer.fail = refused('1')
  // Where failed events go there is no directory: as on a full disk, nothing is kept.
  await writeFile(failedEventsDirectory(dataDir), '')
  await dispatcher.send(original)
  await dispatcher.drain()
  await rm(failedEventsDirectory(dataDir))
  for (let i = 0; i < 2; i++) await dispatcher.send({ ...original, entry: { kind: 'repeat' } })
  await dispatcher.drain()
  await failedEvents.close()
  const [file] = await listFailedEventFiles(dataDir)
  const log = new MemoryLog({ partitions: 2 })
  const ledger = new MemoryLedger()
  await resendFile(file!, { writer: await log.writer(), ledger, topic: 'page-views', partitions: 2 })
  const { views, repeats } = ledger.read()
  assert.deepEqual({ views, repeats }, { views: 1, repeats: 1 })
})

test('a repeat of what waits in a batch that is not full holds up no other event', async (t) => {
  const { writer, ledger, delivery } = await setUp(t)
  const dispatcher = new Dispatcher({
    delivery,
    weights: { sync: 0, async: 0, batch: 1 },
    batch: { size: 3, intervalMs: 60_000 },
    random: () => 0,
  })
  const original = repeatable(1)
  for (const message of [original, { ...original, entry: { kind: 'repeat' } as const }, outgoing(2)]) {
    await dispatcher.send(message)
  }
  assert.equal(writer.calls, 0)
  await dispatcher.send(outgoing(3))
  await dispatcher.drain()
  assert.deepEqual(
    writer.appended.map(({ value }) => Buffer.from(value!).toString()),
    ['1', '2', '3', '1'],
  )
  const { views, repeats } = ledger.read()
  assert.deepEqual({ views, repeats }, { views: 3, repeats: 1 })
})

test('each strategy sends everything, and drains', async (t) => {
  for (const strategy of ['sync', 'async', 'batch'] as const) {
    const { writer, ledger, delivery } = await setUp(t)
    const weights = { sync: 0, async: 0, batch: 0, [strategy]: 1 }
    const dispatcher = new Dispatcher({
      delivery,
      weights,
      batch: { size: 7, intervalMs: 60_000 },
      random: () => 0.5,
    })
    for (let n = 0; n < 100; n++) await dispatcher.send(outgoing(n))
    await dispatcher.drain()
    assert.equal(writer.appended.length, 100, strategy)
    assert.equal(ledger.read().messages, 100)
    // What is given without a pause goes together with `async`.
    assert.equal(writer.calls, { sync: 100, async: 1, batch: Math.ceil(100 / 7) }[strategy])
  }
})
