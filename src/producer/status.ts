import { type Static, Type } from 'typebox'
import type { Health } from '../http/server.ts'
import type { ProducerCounts } from './counters.ts'
import type { Producer } from './producer.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const weight = Type.Number({ minimum: 0 })

export const SharesSchema = Type.Object({
  bounces: Type.Number(),
  invalid: Type.Number(),
  repeats: Type.Number(),
})
export const PartitioningSchema = Type.Object({ page: weight, 'round-robin': weight, random: weight })
export const StrategiesSchema = Type.Object({ sync: weight, async: weight, batch: weight })
export const ModeSchema = Type.Union([Type.Literal('regular'), Type.Literal('peak'), Type.Literal('night')])

/** The answer of `GET /status`. */
export const ProducerStatus = Type.Object({
  version: Type.String(),
  mode: ModeSchema,
  speed_eps: Type.Number({ description: 'events a second now; 0 while it is paused' }),
  speed_override: Type.Union([Type.Number(), Type.Null()], {
    description: "the speed that was asked for instead of the mode's",
  }),
  generating: Type.Boolean(),
  topic: Type.String(),
  partitions: Type.Integer(),
  seed: Type.Integer({ description: 'MILLRACE_SEED to have the same events again' }),
  uptime_seconds: count('since the start of this process'),
  generated: count('events made since the start'),
  sent: count('messages acknowledged by the log'),
  failed: count('messages given up; they are in the failed-events file'),
  retries: count('appends that were tried again'),
  dropped: count('events that were due while the buffer was full'),
  duplicates: count('of those sent: repeats, on purpose'),
  invalid: count('of those sent: no page views, on purpose'),
  last_send_latency_ms: Type.Number({ description: 'from sending to the acknowledgement' }),
  buffer_used: count('events that wait to be sent'),
  buffer_size: count('how many may wait'),
  burst_left: count('events of bursts that wait for room in the buffer'),
  shares: SharesSchema,
  partitioning: PartitioningSchema,
  strategies: StrategiesSchema,
  troubles: Type.Array(Type.String(), { description: 'what is not well now, as sentences' }),
})

export type ProducerStatus = Static<typeof ProducerStatus>

/** What the status is made of. */
export interface ProducerState {
  readonly version: string
  readonly topic: string
  readonly partitions: number
  readonly seed: number
  readonly startedAtMs: number
  readonly nowMs: number
  readonly counts: ProducerCounts
  readonly producer: Producer
}

export function statusOf(state: ProducerState): ProducerStatus {
  const { counts, producer } = state
  return {
    version: state.version,
    mode: producer.mode,
    speed_eps: round(producer.rate),
    speed_override: producer.speed,
    generating: producer.generating,
    topic: state.topic,
    partitions: state.partitions,
    seed: state.seed,
    uptime_seconds: Math.floor((state.nowMs - state.startedAtMs) / 1_000),
    generated: counts.generated,
    sent: counts.sent,
    failed: counts.failed,
    retries: counts.retries,
    dropped: counts.dropped,
    duplicates: counts.duplicates,
    invalid: counts.invalid,
    last_send_latency_ms: round(counts.lastSendLatencyMs),
    buffer_used: producer.buffer.used,
    buffer_size: producer.buffer.size,
    burst_left: producer.burstLeft,
    shares: { ...producer.shares },
    partitioning: { ...producer.partitioning },
    strategies: { ...producer.strategies },
    troubles: troublesOf(counts),
  }
}

/** The producer is well when the log takes what it sends. */
export function healthOf({ counts }: ProducerState): Health {
  const reasons = troublesOf(counts)
  return { healthy: reasons.length === 0, reasons }
}

function troublesOf({ trouble }: ProducerCounts): string[] {
  return trouble === null ? [] : [`The event log does not take what is sent: ${trouble}`]
}

function round(n: number): number {
  return Math.round(n * 100) / 100
}
