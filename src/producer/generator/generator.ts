import { v7 } from 'uuid'
import { UUID_TEXT_BYTES, writeUuid } from '../../event/event-id.ts'
import { toWire } from '../../event/page-view.ts'
import type { LedgerEntry } from '../../ledger/port.ts'
import { Random } from '../../random.ts'
import { Original } from '../../send/original.ts'
import { FAULTS } from './invalid.ts'
import { PAGES } from './pages.ts'
import { Repeats } from './repeats.ts'
import { Slab } from './slab.ts'
import { Visitors } from './visitors.ts'
import { WireJson } from './wire-json.ts'
import { Zipf } from './zipf.ts'

/** What part of the messages is what, each from 0 to 1. */
export interface Shares {
  /** Of the messages that are no repeats; together with `invalid` 1 at most. */
  readonly bounces: number
  readonly invalid: number
  /** Of all messages. */
  readonly repeats: number
}

/** A message that was made up. */
export interface GeneratedEvent {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** To choose a partition by. */
  readonly pageId: string
  readonly timestampMs: number
  /** What the ledger is to say of it. */
  readonly entry: LedgerEntry
  /** Of a page view, and of what repeats it, the same one; undefined when it is none. */
  readonly original: Original | undefined
}

/** Messages that may be repeated; with what lies in memory beside them, some 10 MB. */
const REMEMBERED = { capacity: 5_000, ofOneTime: 32 }

/**
 * Older messages are not repeated, however few there are: what is older than raw rows are kept is rejected as too late, and would be
 * no repeat.
 */
const REPEATED_WITHIN_MS = 3_600_000

/**
 * Makes page views up, and messages that are none, in the shares that were asked for. All of it comes from the seed and the times it is
 * given: the same seed, shares and times give the same messages, keys included.
 */
export class Generator {
  readonly #random: Random
  readonly #visitors: Visitors
  readonly #pages = new Zipf(PAGES.length, 1)
  readonly #repeats = new Repeats<GeneratedEvent>(REMEMBERED)
  /** The random bits of a key, used again for each. */
  readonly #bits = new Uint32Array(4)
  readonly #bytes = new Uint8Array(this.#bits.buffer)
  readonly #uuid = new Uint8Array(16)
  readonly #uuidText = new Uint8Array(UUID_TEXT_BYTES)
  readonly #slab = new Slab()
  readonly #json = new WireJson()
  #shares: Shares

  constructor({ seed, shares }: { seed: number; shares: Shares }) {
    this.#random = new Random(seed)
    this.#visitors = new Visitors(seed)
    this.#shares = shares
  }

  get shares(): Shares {
    return this.#shares
  }

  setShares(shares: Shares): void {
    this.#shares = shares
  }

  /** @param nowMs when the view happens, in milliseconds since the epoch */
  next(nowMs: number): GeneratedEvent {
    const random = this.#random
    this.#repeats.forgetBefore(nowMs - REPEATED_WITHIN_MS)
    if (!this.#repeats.isEmpty && random.next() < this.#shares.repeats) {
      return { ...this.#repeats.choose(random), entry: { kind: 'repeat' } }
    }
    const kind = random.next()
    const { bounces, invalid } = this.#shares
    if (kind < invalid) return this.#invalid(nowMs)
    const event = this.#view(nowMs, kind < invalid + bounces)
    this.#repeats.remember(event)
    return event
  }

  #view(timestampMs: number, isBounce: boolean): GeneratedEvent {
    const pageId = PAGES[this.#pages.next(this.#random)]!
    const durationMs = isBounce ? this.#random.below(5_000) : viewDuration(this.#random)
    const visitor = this.#visitors.next(this.#random)
    const entry = { kind: 'view', pageId, timestampMs, durationMs, isBounce } as const
    return {
      key: this.#key(timestampMs),
      value: this.#json.write(this.#slab, entry, visitor),
      pageId,
      timestampMs,
      entry,
      original: new Original(entry),
    }
  }

  #invalid(timestampMs: number): GeneratedEvent {
    const random = this.#random
    const pageId = PAGES[this.#pages.next(random)]!
    const view = { pageId, durationMs: viewDuration(random), timestampMs, isBounce: false }
    const { reason, spoil } = random.pick(FAULTS)
    const value = spoil(toWire({ ...view, ...this.#visitors.next(random) }), random)
    return {
      key: this.#key(timestampMs),
      value: Buffer.from(value),
      pageId,
      timestampMs,
      entry: { kind: 'invalid', reason },
      original: undefined,
    }
  }

  /** A UUIDv7: its time keeps the keys of a run apart from those of earlier runs with the same seed. */
  #key(timestampMs: number): Uint8Array {
    for (let i = 0; i < this.#bits.length; i++) this.#bits[i] = this.#random.bits()
    writeUuid(this.#uuidText, v7({ msecs: timestampMs, random: this.#bytes }, this.#uuid))
    const slab = this.#slab
    slab.begin(UUID_TEXT_BYTES)
    slab.add(this.#uuidText)
    return slab.end()
  }
}

/** From 10 s to 10 min, most of them around a minute: times on pages are skewed to the right. */
function viewDuration(random: Random): number {
  const ms = 60_000 * Math.exp(random.normal() * 0.9)
  return Math.round(Math.min(600_000, Math.max(10_000, ms)))
}
