import { type Static, Type } from 'typebox'
import type { Health } from '../http/server.ts'
import type { RollUpStatus } from '../rollup/loop.ts'
import type { BatchMode } from './batcher.ts'
import type { ConsumerCounts } from './counters.ts'
import type { Lag } from './lag.ts'
import type { Trouble } from './retry.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const time = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })

/** The answer of `GET /status`. */
export const ConsumerStatus = Type.Object({
  version: Type.String(),
  mode: Type.Union([Type.Literal('batch'), Type.Literal('time'), Type.Literal('hybrid')]),
  topic: Type.String(),
  group: Type.String(),
  uptime_seconds: count('since the start of this process'),
  processed: count('messages read since the start'),
  valid: count('of them page views'),
  invalid: count('of them rejected into processing_errors'),
  invalid_by_reason: Type.Record(Type.String(), Type.Integer()),
  repeats: count('of them dropped as repeats of recent messages; the store finds the others'),
  conflicts: count('of the valid ones: a recent key with another payload'),
  lost: count('messages that were gone from the log before they were read, as far as is known'),
  gaps: count('how often the log did not have what was to be read next'),
  lag: count('messages in the log that are not committed yet'),
  lag_seconds: Type.Number({ description: 'how long the oldest of them has been there' }),
  partitions: Type.Array(
    Type.Object({
      partition: Type.Integer(),
      earliest: Type.Integer(),
      end: Type.Integer(),
      committed: Type.Integer(),
      lag: Type.Integer(),
    }),
  ),
  assignments: Type.Array(Type.Integer(), { description: 'the partitions that this process reads' }),
  last_flush: Type.Union([
    Type.Object({
      at: Type.String({ format: 'date-time' }),
      messages: Type.Integer(),
      write_ms: Type.Number(),
    }),
    Type.Null(),
  ]),
  fresh_as_of: time(
    'every event written before this is in the minute aggregates; null until the first roll-up',
  ),
  stale_windows: Type.Object({ slice: Type.Integer(), minute: Type.Integer(), hour: Type.Integer() }),
  visible_latency_ms: Type.Union([Type.Number(), Type.Null()], {
    description: 'from the log to the minute aggregates, for the last batch',
  }),
  store: Type.Object({ url: Type.String(), local: Type.Boolean() }),
  troubles: Type.Array(Type.String(), { description: 'what is not well now, as sentences' }),
})

export type ConsumerStatus = Static<typeof ConsumerStatus>

/** What the status is made of. */
export interface ConsumerState {
  readonly version: string
  readonly mode: BatchMode
  readonly topic: string
  readonly group: string
  readonly startedAtMs: number
  readonly nowMs: number
  readonly counts: ConsumerCounts
  readonly lag: Lag
  readonly assignments: readonly number[]
  readonly rollUp: RollUpStatus
  readonly visibleLatencyMs: number | null
  readonly store: { readonly url: string; readonly local: boolean }
  readonly troubles: readonly Trouble[]
}

export function statusOf(state: ConsumerState): ConsumerStatus {
  const { counts, lag, rollUp, store } = state
  return {
    version: state.version,
    mode: state.mode,
    topic: state.topic,
    group: state.group,
    uptime_seconds: Math.floor((state.nowMs - state.startedAtMs) / 1_000),
    processed: counts.processed,
    valid: counts.valid,
    invalid: counts.invalid,
    invalid_by_reason: { ...counts.invalidByReason },
    repeats: counts.repeats,
    conflicts: counts.conflicts,
    lost: counts.lost,
    gaps: counts.gaps,
    lag: lag.messages,
    lag_seconds: round(lag.seconds),
    partitions: lag.partitions.map((partition) => ({ ...partition })),
    assignments: [...state.assignments],
    last_flush: counts.lastFlush && {
      at: new Date(counts.lastFlush.atMs).toISOString(),
      messages: counts.lastFlush.messages,
      write_ms: round(counts.lastFlush.writeMs),
    },
    fresh_as_of: rollUp.freshAsOfMs && new Date(rollUp.freshAsOfMs.minute).toISOString(),
    stale_windows: { ...rollUp.staleWindows },
    visible_latency_ms: state.visibleLatencyMs,
    store: { ...store },
    troubles: troublesOf(state),
  }
}

/** The consumer is well when it can write and roll up. */
export function healthOf(state: ConsumerState): Health {
  const reasons = troublesOf(state)
  return { healthy: reasons.length === 0, reasons }
}

function troublesOf({ troubles, rollUp }: ConsumerState): string[] {
  const sentences = troubles.map(({ what, message, sinceMs, attempts }) => {
    const since = new Date(sinceMs).toISOString()
    return `The ${what} has been away since ${since}, tried ${attempts} times: ${message}`
  })
  if (rollUp.failure !== null) sentences.push(`The last roll-up in the store failed: ${rollUp.failure}`)
  return sentences
}

function round(n: number): number {
  return Math.round(n * 10) / 10
}
