import { decode } from '../event/decode.ts'
import { EventId } from '../event/event-id.ts'
import type { Reject, RejectReason } from '../event/outcome.ts'
import { PageViewBytes } from '../event/page-view-bytes.ts'
import { PageViewReader } from '../event/page-view-reader.ts'
import { type ValidationLimits, validate } from '../event/validate.ts'
import { keyAt, type RecordBatch, valueAt } from '../log/record-batch.ts'
import { publish } from '../observe/events.ts'
import type { ErrorRow } from '../store/port.ts'
import type { Batch } from './batch.ts'
import { Clocks } from './clocks.ts'
import { RecentKeys } from './recent-keys.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** Messages went through the pipeline. `conflicts` are among the valid ones. */
    'consumer:processed': {
      messages: number
      valid: number
      invalid: Readonly<Partial<Record<RejectReason, number>>>
      repeats: number
      conflicts: number
      ms: number
    }
  }
}

export interface PipelineOptions {
  readonly topic: string
  /** Events older than this are `too_late`; null takes any age. In milliseconds. */
  readonly maxAgeMs: number | null
  /** Events further ahead than this are `in_future`, in milliseconds. */
  readonly maxFutureMs: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

/** Keys of one generation; two of them take about 20 MB. */
const RECENT_KEYS = 20_000

/** What becomes of a message: a row, nothing because it repeats one, or an error. */
type Verdict = 'new' | 'conflict' | 'repeat' | Reject

/**
 * What becomes of messages between the log and the batch: read → identify → drop repeats → add. Reading has two ways with one
 * result. The reader of bytes takes the usual event; whatever it does not take is decoded and validated, which
 * also says what is wrong with it.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #reader = new PageViewReader()
  readonly #recent = new RecentKeys(RECENT_KEYS)
  /** The message at hand, filled again for each. */
  readonly #view = new PageViewBytes()
  readonly #id = new EventId()
  readonly #clocks = new Clocks()
  #limits: ValidationLimits

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#limits = this.#limitsNow()
  }

  /** Takes records through the steps and adds what comes out to the batch. Never throws for bad data. */
  process(recordBatches: readonly RecordBatch[], batch: Batch): void {
    const began = this.#options.monotonic()
    const invalid: Partial<Record<RejectReason, number>> = {}
    const count = { messages: 0, valid: 0, repeats: 0, conflicts: 0 }
    this.#limits = this.#limitsNow()
    for (const records of recordBatches) {
      for (let i = 0; i < records.length; i++) {
        const verdict = this.#take(records, i, batch)
        const isEvent = typeof verdict === 'string'
        this.#clocks.see(isEvent ? this.#view.timestampMs : verdict.timestampMs, records.timestamps[i]!)
        if (verdict === 'new') count.valid += 1
        else if (verdict === 'repeat') count.repeats += 1
        else if (verdict === 'conflict') {
          count.valid += 1
          count.conflicts += 1
        } else {
          batch.addError(this.#errorRow(records, i, verdict))
          invalid[verdict.reason] = (invalid[verdict.reason] ?? 0) + 1
        }
      }
      batch.addRead(records)
      count.messages += records.length
    }
    if (count.messages === 0) return
    publish('consumer:clocks', this.#clocks.take(this.#limits.nowMs))
    publish('consumer:processed', { ...count, invalid, ms: this.#options.monotonic() - began })
  }

  #take(records: RecordBatch, i: number, batch: Batch): Verdict {
    const rejected = this.#read(records, i)
    if (rejected !== undefined) return rejected
    this.#identify(records, i)
    // A conflict goes on: the store keeps both, and the audit names them.
    const seen = this.#recent.see(this.#id, this.#view)
    if (seen !== 'repeat') batch.addView(this.#view, this.#id, records.partition, records.offsets[i]!)
    return seen
  }

  /** Fills #view, or says why not. */
  #read(records: RecordBatch, i: number): Reject | undefined {
    const start = records.values[2 * i]!
    const end = records.values[2 * i + 1]!
    if (start >= 0 && this.#reader.read(records.bytes, start, end, this.#limits, this.#view)) return undefined
    const fields = decode(valueAt(records, i))
    if (!fields.ok) return fields
    const view = validate(fields.value, this.#limits)
    if (!view.ok) return view
    this.#view.set(view.value)
    return undefined
  }

  #identify({ bytes, keys, partition, offsets }: RecordBatch, i: number): void {
    this.#id.read(bytes, keys[2 * i]!, keys[2 * i + 1]!, this.#options.topic, partition, offsets[i]!)
  }

  #limitsNow(): ValidationLimits {
    const { now, maxAgeMs, maxFutureMs } = this.#options
    return { nowMs: now(), maxAgeMs, maxFutureMs }
  }

  #errorRow(records: RecordBatch, i: number, { reason, detail }: Reject): ErrorRow {
    const key = keyAt(records, i)
    const value = valueAt(records, i)
    return {
      topic: this.#options.topic,
      partition: records.partition,
      offset: records.offsets[i]!,
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
      reason,
      detail,
      rejectedAtMs: this.#limits.nowMs,
    }
  }
}
