import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LiveUpdate } from '../../src/dashboard/snapshot.ts'

interface Part {
  readonly kind: 'station' | 'pipe'
  readonly name: string
  readonly state: string
  readonly health: string
  readonly main: string
  readonly more: string
  readonly label: string
  readonly flows: boolean
}

// A script of the page, which needs no browser as long as it shows nothing.
const { stationsOf, withoutUpdates } = (await import(
  join(import.meta.dirname, '../../src/dashboard/page/stations.js')
)) as { stationsOf(update: object): Part[]; withoutUpdates(parts: Part[]): Part[] }

const AT = Date.parse('2026-11-23T05:12:44.000Z')
const ago = (ms: number) => new Date(AT - ms).toISOString()

const consumer = {
  valid: 94,
  invalid: 5,
  repeats: 1,
  lost: 0,
  lag: 0,
  lag_seconds: 0,
  partitions: [{}, {}, {}],
  fresh_as_of: ago(1_500),
  stale_windows: { slice: 0, minute: 0, hour: 0 },
  last_flush: { at: ago(900), messages: 100, write_ms: 35 },
  troubles: [] as string[],
}
const status = {
  mode: 'regular',
  speed_eps: 4,
  speed_override: null as number | null,
  generating: true,
  sent: 100,
  dropped: 0,
  failed: 0,
  buffer_used: 0,
  burst_left: 0,
  troubles: [] as string[],
}
const rates: LiveUpdate['rates'] = { sent: 4, processed: 4, invalid: 0.2, written: 3.8 }

function update(changes: { consumer?: object; status?: object | null; store_problem?: string } = {}): object {
  return {
    at: new Date(AT).toISOString(),
    rates,
    store_problem: changes.store_problem ?? null,
    producer: { status: changes.status === null ? null : { ...status, ...changes.status } },
    consumer: { ...consumer, ...changes.consumer },
  }
}

/** Each station as `name health: main, more`. */
function said(parts: readonly Part[], state: string): string[] {
  return parts
    .filter((part) => part.kind === 'station' && part.state === state)
    .map(({ name, health, main, more }) => `${name} ${health}: ${main}; ${more}`)
}

test('all is well', () => {
  const parts = stationsOf(update())
  assert.deepEqual(said(parts, 'good'), [
    'Producer running: 100 sent; mode regular',
    'Event log running: no lag; 3 partitions',
    'Consumer running: 94 valid; 5 rejected (0.2/s), 1 repeat',
    'ClickHouse running: fresh; last write 35 ms, aggregates up to date',
  ])
  const pipes = parts.filter(({ kind }) => kind === 'pipe')
  assert.deepEqual(
    pipes.map(({ label, flows }) => [label, flows]),
    [
      ['4/s', true],
      ['4/s', true],
      ['3.8/s', true],
    ],
  )
})

test('what is wrong is said by the station that it is of, and by those that suffer from it', () => {
  const since = ago(5_000)
  const cases: [Parameters<typeof update>[0], string[]][] = [
    [{ status: null }, ['Producer away: –; does not answer']],
    [
      { status: { troubles: ['The event log does not take …'], buffer_used: 12, dropped: 3 } },
      ['Producer in trouble: 100 sent; the log does not take what is sent, 12 wait, 3 dropped'],
    ],
    [{ consumer: { lag: 500, lag_seconds: 42 } }, ['Event log behind: lag 500; the oldest waits for 42 s']],
    [
      { consumer: { lost: 1_234 } },
      ['Event log lost some: no lag; 1,234 messages gone before they were read'],
    ],
    [
      { consumer: { troubles: [`The log has been away since ${since}, tried 3 times: no`] } },
      [
        'Event log away: no lag; does not answer the consumer',
        'Consumer waiting: 94 valid; waits for the log',
      ],
    ],
    [
      { consumer: { troubles: [`The store has been away since ${since}, tried 3 times: no`] } },
      [
        'Consumer waiting: 94 valid; waits for ClickHouse',
        'ClickHouse away: fresh; does not answer; messages wait in the log',
      ],
    ],
    [{ store_problem: 'refused' }, ['ClickHouse away: fresh; does not answer; messages wait in the log']],
    [
      { consumer: { fresh_as_of: ago(95_000), stale_windows: { slice: 1_000, minute: 60, hour: 1 } } },
      ['ClickHouse behind: 1m 35s old; 1,061 windows to compute'],
    ],
  ]
  for (const [changes, expected] of cases) {
    assert.deepEqual(said(stationsOf(update(changes)), 'bad'), expected)
  }
  assert.deepEqual(said(stationsOf(update({ status: { generating: false } })), 'idle'), [
    'Producer paused: 100 sent; the generator rests',
  ])
})

test('without updates nothing is called well, and nothing flows', () => {
  const parts = withoutUpdates(stationsOf(update()))
  assert.deepEqual(said(parts, 'good'), [])
  assert.deepEqual(said(parts, 'bad'), ['Consumer away: 94 valid; does not answer this page'])
  assert.ok(parts.every(({ kind, flows }) => kind === 'station' || !flows))
})
