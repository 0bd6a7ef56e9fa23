import { decode } from '../src/event/decode.ts'
import { validate } from '../src/event/validate.ts'
import type { EventLog } from '../src/log/port.ts'
import { keyAt, type RecordBatch, valueAt } from '../src/log/record-batch.ts'
import { Generator } from '../src/producer/generator/generator.ts'
import type { Random } from '../src/random.ts'
import type { Outgoing } from '../src/send/outgoing.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/**
 * Where clocks jump to. All stay away from the borders (30 days, 5 minutes): the consumer decides by its own clock, and a message that is read
 * again later must be judged as it was.
 */
const JUMPS = [
  { from: -20 * HOUR_MS, to: -HOUR_MS },
  { from: -25 * DAY_MS, to: -DAY_MS },
  { from: 10_000, to: 3 * MINUTE_MS },
  { from: 2 * DAY_MS, to: 300 * DAY_MS, reason: 'in_future' },
  { from: -400 * DAY_MS, to: -40 * DAY_MS, reason: 'too_late' },
] as const

/** Events of a sender whose clock jumps. */
export function jumpedEvents(random: Random, count: number, partitions: number, nowMs: number): Outgoing[] {
  const generator = new Generator({
    seed: random.bits(),
    shares: { bounces: 0.1, invalid: 0, repeats: 0 },
  })
  const messages: Outgoing[] = []
  while (messages.length < count) {
    const jump = random.pick(JUMPS)
    const clockMs = Math.round(nowMs + random.between(jump.from, jump.to))
    for (let left = 1 + random.below(20); left > 0; left--) {
      const { key, value, entry } = generator.next(clockMs + random.below(2_000))
      messages.push({
        partition: random.below(partitions),
        key,
        value,
        timestampMs: nowMs,
        entry: 'reason' in jump ? { kind: 'invalid', reason: jump.reason } : entry,
      })
    }
  }
  return messages
}

/** Page views that the log has, from anywhere in it, for other partitions: of events of hours and days ago, too. */
export async function repeatsOf(
  log: EventLog,
  random: Random,
  count: number,
  nowMs: number,
): Promise<Outgoing[]> {
  const messages: Outgoing[] = []
  const bounds = (await log.bounds()).filter(({ earliest, end }) => end > earliest)
  for (let tries = 0; tries < 10 && messages.length < count && bounds.length > 0; tries++) {
    const { partition, earliest, end } = random.pick(bounds)
    const offset = earliest + random.below(end - earliest)
    const batch = await log.read(partition, offset, { maxRecords: 40, maxBytes: 1_000_000 })
    for (let i = 0; batch && i < batch.length && messages.length < count; i++) {
      if (!isTaken(batch, i, nowMs)) continue
      const other = (partition + 1 + random.below(log.partitions - 1)) % log.partitions
      const key = Buffer.from(keyAt(batch, i)!)
      const value = Buffer.from(valueAt(batch, i)!)
      messages.push({ partition: other, key, value, timestampMs: nowMs, entry: { kind: 'repeat' } })
    }
  }
  return messages
}

/** Whether it is a page view that the consumer takes; what it rejects would be rejected again, and no repeat. */
function isTaken(batch: RecordBatch, i: number, nowMs: number): boolean {
  const value = valueAt(batch, i)
  if (!value || !keyAt(batch, i)) return false
  const decoded = decode(value)
  if (!decoded.ok) return false
  return validate(decoded.value, { nowMs, maxAgeMs: 27 * DAY_MS, maxFutureMs: 4 * MINUTE_MS }).ok
}
