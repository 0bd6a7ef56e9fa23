import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryLedger } from '../../src/ledger/memory-ledger.ts'
import type { LedgerEntry, LedgerSnapshot, Sendable } from '../../src/ledger/port.ts'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { StandaloneLedger } from '../../src/log/lmdb/standalone-ledger.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { seeded } from '../helpers/seed.ts'

const view = {
  pageId: fc.constantFrom('/a', '/b', `/${'long'.repeat(500)}`, '/ü', ' '),
  timestampMs: fc.integer({ min: 0, max: 300_000 }),
  durationMs: fc.nat(1_000_000),
  isBounce: fc.boolean(),
}
const entry: fc.Arbitrary<LedgerEntry> = fc.oneof(
  fc.record({ kind: fc.constant('view' as const), ...view }),
  fc.record({
    kind: fc.constant('view-once' as const),
    eventId: fc.nat(5).map((n) => `0199f2a4-7c1e-7b3a-9c55-${String(n).padStart(12, '0')}`),
    ...view,
  }),
  fc.constant({ kind: 'repeat' as const }),
  fc.record({
    kind: fc.constant('invalid' as const),
    reason: fc.constantFrom('broken_json', 'empty_page_id'),
  }),
)
const groups = fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 8 })

function messagesOf(entries: readonly LedgerEntry[]): Sendable[] {
  return entries.map((entry) => ({ key: null, entry }))
}

/** Windows in an order that does not depend on how they are kept. */
function sorted({ windows, ...totals }: LedgerSnapshot) {
  const byName = windows.toSorted((a, b) => a.minute - b.minute || (a.pageId < b.pageId ? -1 : 1))
  return { ...totals, windows: byName.map((window) => ({ ...window })) }
}

test('the ledger in LMDB says what the one in memory says, also when it is opened again', async (t) => {
  await fc.assert(
    fc.asyncProperty(groups, async (recorded) => {
      const dataDir = await temporaryDirectory(t)
      const memory = new MemoryLedger()
      const first = await openLmdbLog({ dataDir, topic: 'page-views' })
      const writer = await first.log.writer()
      for (const entries of recorded) {
        memory.record(entries)
        await writer.append([], first.ledger.begin(messagesOf(entries)))
      }
      assert.deepEqual(sorted(first.ledger.read()), sorted(memory.read()))
      await first.close()
      const again = await openLmdbLog({ dataDir, topic: 'page-views' })
      assert.deepEqual(sorted(again.ledger.read()), sorted(memory.read()))
      await again.close()
    }),
    seeded(t, 25),
  )
})

test('the ledger beside Kafka says the same when it is closed and opened again', async (t) => {
  await fc.assert(
    fc.asyncProperty(groups, async (recorded) => {
      const dataDir = await temporaryDirectory(t)
      const memory = new MemoryLedger()
      const first = new StandaloneLedger(dataDir, 'page-views')
      for (const entries of recorded) {
        memory.record(entries)
        first.begin(messagesOf(entries)).acknowledged()
      }
      await first.close()
      const again = new StandaloneLedger(dataDir, 'page-views')
      assert.deepEqual(sorted(again.read()), sorted(memory.read()))
      await again.close()
    }),
    seeded(t, 15),
  )
})

test('a page view of a sender that cannot know is counted once, and then as a repeat', () => {
  const ledger = new MemoryLedger()
  const once = {
    kind: 'view-once',
    eventId: '0199f2a4-7c1e-7b3a-9c55-000000000001',
    pageId: '/a',
    timestampMs: 61_000,
    durationMs: 5,
    isBounce: true,
  } as const
  ledger.record([once, once])
  ledger.record([once])
  assert.deepEqual(ledger.read(), {
    messages: 3,
    views: 1,
    repeats: 2,
    invalid: {},
    windows: [{ minute: 60_000, pageId: '/a', views: 1, bounces: 1, durationMs: 5 }],
    unknown: { messages: 0, invalid: {}, views: new Set() },
  })
})
