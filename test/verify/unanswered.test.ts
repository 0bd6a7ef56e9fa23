import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Consumer } from '../../src/consumer/consumer.ts'
import { Retrier } from '../../src/consumer/retry.ts'
import { MillraceError } from '../../src/errors.ts'
import type { LedgerEntry } from '../../src/ledger/port.ts'
import { StandaloneLedger } from '../../src/log/lmdb/standalone-ledger.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { LogWriter } from '../../src/log/port.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { RollUp } from '../../src/rollup/rollup.ts'
import { windowToMark } from '../../src/rollup/source.ts'
import { Delivery } from '../../src/send/delivery.ts'
import { FailedEvents, failedEventsDirectory } from '../../src/send/failed-events.ts'
import type { Outgoing } from '../../src/send/outgoing.ts'
import { retryingWriter } from '../../src/send/retry.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { applyRetention } from '../../src/store/retention.ts'
import type { CheckName, VerifyReport } from '../../src/verify/report.ts'
import { verify } from '../../src/verify/verify.ts'
import { keyOf, message, VIEW } from '../consumer/messages.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { seeded } from '../helpers/seed.ts'
import { eventually } from '../helpers/wait.ts'
import { storeFixture } from '../store/fixture.ts'

const store = storeFixture()
const FOR_EVER = { rawTtlDays: 0, minuteTtlDays: 0 }
const NOW = Date.now()

let shared: Database | undefined
after(() => shared?.close())

/** One database for all tests of this file, emptied for each: making its tables takes longer than all else. */
async function emptyDatabase(): Promise<Database> {
  if (!shared) {
    const own = { ...store.endpoint(), database: 'doubts' }
    shared = new Database({ endpoint: () => own })
    await migrate(shared)
  }
  const tables = await shared.query<{ name: string }>(
    `SELECT name FROM system.tables
     WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'schema_migrations'`,
  )
  for (const { name } of tables) await shared.command(`TRUNCATE TABLE ${name}`)
  return shared
}

/** What becomes of an attempt: answered; written, but the answer is lost; not written, and no answer; refused before it was sent. */
type Fate = 'answered' | 'answer lost' | 'not written' | 'nobody there'

/** A log whose answers get lost, and all that follows it, up to the audit. */
class Bench {
  readonly log = new MemoryLog({ partitions: 3 })
  ledger: StandaloneLedger
  readonly #dataDir: string
  readonly db: Database
  readonly #delivery: Delivery
  readonly fates: Fate[] = []

  private constructor(db: Database, dataDir: string, writer: LogWriter, failedEvents: FailedEvents) {
    this.db = db
    this.#dataDir = dataDir
    this.ledger = new StandaloneLedger(dataDir, this.log.topic)
    const lossy: LogWriter = {
      append: async (records, alongside) => {
        const fate = this.fates.shift() ?? 'answered'
        if (fate === 'answered') return writer.append(records, alongside)
        if (fate === 'answer lost') await writer.append(records)
        if (fate !== 'nobody there') alongside?.unanswered()
        throw new MillraceError('log_unavailable', fate)
      },
      close: () => writer.close(),
    }
    this.#delivery = new Delivery({
      writer: retryingWriter(lossy, { attempts: 2, firstPauseMs: 0, longestPauseMs: 0, random: () => 0 }),
      ledger: { begin: (messages) => this.ledger.begin(messages), read: () => this.ledger.read() },
      failedEvents,
      monotonic: () => 0,
    })
  }

  static async of(t: TestContext): Promise<Bench> {
    const db = await emptyDatabase()
    const dataDir = await temporaryDirectory(t)
    const directory = failedEventsDirectory(dataDir)
    const failedEvents = new FailedEvents({ directory, logger: silentLogger(), now: () => 0 })
    t.after(() => failedEvents.close())
    const bench: Bench = new Bench(
      db,
      dataDir,
      { append: (...args) => writer.append(...args), close: async () => {} },
      failedEvents,
    )
    const writer = await bench.log.writer()
    t.after(() => bench.ledger.close())
    return bench
  }

  /** Two attempts for a message, and two more for each of several that failed together. */
  async send(messages: readonly Outgoing[], ...fates: Fate[]): Promise<void> {
    this.fates.push(...fates)
    await this.#delivery.send(messages, 'batch')
  }

  /** Consumes all there is, and asks. */
  async audit(): Promise<VerifyReport> {
    const { db, log } = this
    const retention = await applyRetention(db, FOR_EVER, NOW)
    const giveUp = new AbortController()
    const stop = new AbortController()
    const consumer = new Consumer({
      reader: await log.reader('g'),
      store: new ClickHouseStore({ db, windowToMark: (ms) => windowToMark(ms, NOW, retention) }),
      retrier: new Retrier({ giveUp: giveUp.signal, now: Date.now, random: () => 0 }),
      topic: log.topic,
      maxAgeMs: null,
      maxFutureMs: 300_000,
      mode: 'hybrid',
      maxMessages: 100,
      intervalMs: 10,
      now: () => NOW,
      monotonic: () => performance.now(),
      onFlushed: () => {},
    })
    const running = consumer.run(stop.signal)
    await eventually('everything to be consumed', async () => {
      const committed = (await log.committed('g')).reduce((sum, { offset }) => sum + offset, 0)
      return committed === (await log.bounds()).reduce((sum, { end }) => sum + end, 0)
    })
    stop.abort()
    await running
    await new RollUp({ db, retention }).runToEnd()
    // As another process would read it.
    await this.ledger.close()
    this.ledger = new StandaloneLedger(this.#dataDir, log.topic)
    return verify({
      db,
      log,
      ledger: this.ledger,
      topic: log.topic,
      group: 'g',
      ...FOR_EVER,
      patienceMs: 0,
      now: () => NOW,
    })
  }
}

const PAGES = ['/a', '/b']

/** The n-th page view, some minutes ago. */
function view(n: number): Outgoing {
  const [pageId, timestampMs] = [PAGES[n % 2]!, NOW - (1 + (n % 5)) * 60_000]
  const entry: LedgerEntry = {
    kind: 'view',
    pageId,
    timestampMs,
    durationMs: VIEW.durationMs,
    isBounce: false,
  }
  return { ...message(keyOf(n), { pageId, timestampMs }, n % 3), entry }
}

function repeat(n: number): Outgoing {
  return { ...view(n), entry: { kind: 'repeat' } }
}

function invalid(n: number): Outgoing {
  return {
    ...message(keyOf(n), 'broken', n % 3),
    entry: { kind: 'invalid', reason: 'broken_json' },
  }
}

function checksOf({ differences }: VerifyReport): CheckName[] {
  return [...new Set(differences.map(({ check }) => check))].sort()
}

test('whatever answers are lost, verify agrees', async (t) => {
  const fate = fc.constantFrom<Fate>('answered', 'answer lost', 'answer lost', 'not written', 'nobody there')
  const kind = fc.constantFrom(view, view, repeat, invalid)
  const plan = fc.record({
    fates: fc.array(fate, { minLength: 20, maxLength: 120 }),
    batches: fc.array(fc.array(kind, { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 25 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ fates, batches }) => {
      const bench = await Bench.of(t)
      // What is repeated must be there.
      await bench.send([view(0)])
      bench.fates.push(...fates)
      let n = 0
      for (const batch of batches) {
        await bench.send(batch.map((make) => (make === repeat ? repeat(0) : make(++n))))
      }
      const report = await bench.audit()
      assert.deepEqual(report.differences, [])
      assert.ok(report.agrees)
      assert.ok(report.log.messages - report.ledger.messages <= report.ledger.unacknowledged)
    }),
    seeded(t, 4),
  )
})

test('what is told of an answer that was lost', async (t) => {
  const bench = await Bench.of(t)
  await bench.send([view(1)], 'answer lost', 'answered')
  await bench.send([invalid(2)], 'answer lost', 'answered')
  await bench.send([view(3)], 'answer lost', 'not written')
  await bench.send([view(4)], 'not written', 'not written')
  await bench.send([view(5)], 'nobody there', 'nobody there')
  const report = await bench.audit()
  assert.equal(report.log.messages, 5)
  assert.deepEqual(report.ledger, {
    messages: 2,
    views: 1,
    repeats: 0,
    unacknowledged: 6,
    invalid: { broken_json: 1 },
  })
  assert.equal(report.raw.unique, 2)
  assert.deepEqual(report.errors.by_reason, { broken_json: 2 })
  assert.match(report.notes.at(-1)!, /^6 attempts /)
})

test('a view that was given up and is sent again counts once', async (t) => {
  const bench = await Bench.of(t)
  await bench.send([view(1)], 'answer lost', 'not written')
  await bench.send([view(2)], 'answer lost', 'answered')
  bench.ledger.begin([asOnce(1)]).acknowledged()
  await (await bench.log.writer()).append([view(1)])
  const report = await bench.audit()
  assert.deepEqual(report.differences, [])
  assert.deepEqual(bench.ledger.read().unknown.views, new Set())
  assert.equal(report.ledger.views, 2)
})

function asOnce(n: number) {
  const { kind: _, ...rest } = view(n).entry as Extract<LedgerEntry, { kind: 'view' }>
  return { ...view(n), entry: { kind: 'view-once', eventId: keyOf(n), ...rest } as const }
}

const trueDifferences: {
  name: string
  make: (bench: Bench, writer: LogWriter) => Promise<unknown>
  checks: CheckName[]
}[] = [
  {
    name: 'a page view that nobody has sent',
    make: (_, writer) => writer.append([view(9)]),
    checks: ['ledger'],
  },
  {
    name: 'a page view that was acknowledged and is missing',
    make: async ({ ledger }) => ledger.begin([view(9)]).acknowledged(),
    checks: ['ledger'],
  },
  {
    name: 'one error too many, and one repeat too few',
    make: (_, writer) => writer.append([invalid(8), invalid(9)]),
    checks: ['errors'],
  },
  {
    name: 'an error of a reason that was in no attempt',
    make: (_, writer) => writer.append([message(keyOf(9), { pageId: '' })]),
    checks: ['errors'],
  },
  {
    name: 'more messages than all those attempts had',
    make: (_, writer) => writer.append([1, 1, 1, 1].map((n) => view(n))),
    checks: ['messages', 'repeats'],
  },
  {
    name: 'an error that was acknowledged and is missing',
    make: async ({ ledger }) => ledger.begin([invalid(8), invalid(9)]).acknowledged(),
    checks: ['errors', 'messages'],
  },
]

for (const { name, make, checks } of trueDifferences) {
  test(`answers were lost, and verify still sees ${name}`, async (t) => {
    const bench = await Bench.of(t)
    // In doubt: two page views and an invalid message. In the log more than once: none but the invalid one.
    await bench.send([view(1), view(2)], 'not written', 'answered')
    await bench.send([invalid(3)], 'answer lost', 'answered')
    assert.ok((await bench.audit()).agrees)
    await make(bench, await bench.log.writer())
    const report = await bench.audit()
    assert.equal(report.agrees, false)
    assert.deepEqual(checksOf(report), checks)
  })
}
