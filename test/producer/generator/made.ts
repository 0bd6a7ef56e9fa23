import { decode } from '../../../src/event/decode.ts'
import type { Outcome } from '../../../src/event/outcome.ts'
import type { PageView } from '../../../src/event/page-view.ts'
import { validate } from '../../../src/event/validate.ts'
import { type GeneratedEvent, Generator, type Shares } from '../../../src/producer/generator/generator.ts'

export const NOW = Date.UTC(2026, 10, 23, 5, 12, 44)

export const SHARES: Shares = { bounces: 0.1, invalid: 0.05, repeats: 0.01 }

export interface Made {
  readonly seed?: number
  readonly shares?: Partial<Shares>
  readonly count: number
  /** Milliseconds between one event and the next. */
  readonly everyMs?: number
}

/** Events of a new generator. */
export function made({ seed = 42, shares = {}, count, everyMs = 1 }: Made): GeneratedEvent[] {
  const generator = new Generator({ seed, shares: { ...SHARES, ...shares } })
  return Array.from({ length: count }, (_, i) => generator.next(NOW + i * everyMs))
}

/** What the consumer makes of an event in the moment it was made. */
export function consumed({ value, timestampMs }: GeneratedEvent): Outcome<PageView> {
  const decoded = decode(value)
  if (!decoded.ok) return decoded
  return validate(decoded.value, { nowMs: timestampMs, maxAgeMs: 3_600_000, maxFutureMs: 300_000 })
}

export function viewOf(event: GeneratedEvent): PageView {
  const outcome = consumed(event)
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.detail}`)
  return outcome.value
}

export function keyOf(event: GeneratedEvent): string {
  return Buffer.from(event.key).toString('latin1')
}
