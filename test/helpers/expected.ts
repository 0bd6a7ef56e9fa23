import { isIP } from 'node:net'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { keyAt, valueAt } from '../../src/log/record-batch.ts'

/** What a plain count of the log's messages gives. It shares no code with the consumer, the store or the roll-up. */
export interface Expected {
  readonly messages: number
  readonly invalid: number
  readonly totals: Counted
  readonly pages: Map<string, Counted>
  readonly regions: Map<string, Counted>
  /** By start of the minute, in milliseconds. */
  readonly minutes: Map<number, Counted>
}

export class Counted {
  views = 0
  bounces = 0
  readonly users = new Set<string>()
  readonly durations = new Durations()
}

class Durations {
  sum = 0
  readonly #all: number[] = []

  add(ms: number): void {
    this.sum += ms
    this.#all.push(ms)
  }

  /** The value below which that share of the durations lies. */
  quantile(share: number): number {
    this.#all.sort((a, b) => a - b)
    return this.#all[Math.min(this.#all.length - 1, Math.floor(share * (this.#all.length - 1)))] ?? 0
  }
}

/** Reads every message that the embedded log of a data directory holds, and counts. */
export async function readLog(dataDir: string, topic = 'page-views'): Promise<Expected> {
  const { log, close } = await openLmdbLog({ dataDir, topic })
  const seen = new Set<string>()
  const expected: Expected = {
    messages: 0,
    invalid: 0,
    totals: new Counted(),
    pages: new Map(),
    regions: new Map(),
    minutes: new Map(),
  }
  const count = { messages: 0, invalid: 0 }
  for (const { partition, earliest } of await log.bounds()) {
    let offset = earliest
    for (;;) {
      const batch = await log.read(partition, offset, { maxRecords: 10_000, maxBytes: 2 ** 24 })
      if (!batch) break
      for (let i = 0; i < batch.length; i++) {
        count.messages++
        const event = pageView(valueAt(batch, i))
        if (!event) {
          count.invalid++
          continue
        }
        const key = keyAt(batch, i)!.toString('latin1')
        if (seen.has(key)) continue
        seen.add(key)
        const minute = Math.floor(Date.parse(event.timestamp) / 60_000) * 60_000
        for (const counted of [
          expected.totals,
          of(expected.pages, event.page_id),
          of(expected.regions, event.region ?? ''),
          of(expected.minutes, minute),
        ]) {
          counted.views++
          if (event.is_bounce) counted.bounces++
          counted.users.add(event.user_id)
          counted.durations.add(event.view_duration_ms)
        }
      }
      offset = batch.offsets[batch.length - 1]! + 1
    }
  }
  await close()
  return { ...expected, ...count }
}

interface Event {
  page_id: string
  user_id: string
  view_duration_ms: number
  timestamp: string
  ip_address?: string
  region?: string
  is_bounce: boolean
}

function pageView(value: Buffer | null): Event | undefined {
  try {
    const event = JSON.parse(value!.toString()) as Event
    const valid =
      typeof event.page_id === 'string' &&
      event.page_id !== '' &&
      event.page_id.length <= 2_048 &&
      typeof event.user_id === 'string' &&
      event.user_id !== '' &&
      event.user_id.length <= 256 &&
      Number.isInteger(event.view_duration_ms) &&
      event.view_duration_ms >= 0 &&
      event.view_duration_ms <= 86_400_000 &&
      typeof event.is_bounce === 'boolean' &&
      typeof event.timestamp === 'string' &&
      new Date(event.timestamp).toISOString() === event.timestamp &&
      (event.ip_address === undefined || isIP(event.ip_address) !== 0)
    return valid ? event : undefined
  } catch {
    return undefined
  }
}

function of<K>(map: Map<K, Counted>, key: K): Counted {
  let counted = map.get(key)
  if (!counted) {
    counted = new Counted()
    map.set(key, counted)
  }
  return counted
}
