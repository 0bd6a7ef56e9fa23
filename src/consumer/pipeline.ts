import { decode, type Fields } from '../event/decode.ts'
import { eventIdOf } from '../event/identity.ts'
import { ok, type Reject, type RejectReason } from '../event/outcome.ts'
import type { PageView } from '../event/page-view.ts'
import { type ValidationLimits, validate } from '../event/validate.ts'
import { keyAt, type RecordBatch, valueAt } from '../log/record-batch.ts'
import { publish } from '../observe/events.ts'
import type { PageViewRow } from '../store/port.ts'
import type { Batch } from './batch.ts'
import { RecentKeys } from './recent-keys.ts'
import { DROP_REPEAT, inOrder, type Step } from './step.ts'

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

/** A message as it was read; key and value are views that the next fetch makes invalid. */
interface Message {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

type Decoded = Message & { readonly fields: Fields }
type Valid = Message & { readonly view: PageView }

/** What becomes of a message between the log and the batch. */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #recent = new RecentKeys(RECENT_KEYS)
  readonly #steps: Step<Message, PageViewRow>
  #limits: ValidationLimits
  #conflicts = 0

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#limits = this.#limitsNow()
    this.#steps = inOrder(this.#decode, this.#validate, this.#identify, this.#dropRepeat)
  }

  /** Takes records through the steps and adds what comes out to the batch. Never throws for bad data. */
  process(recordBatches: readonly RecordBatch[], batch: Batch): void {
    const began = this.#options.monotonic()
    const invalid: Partial<Record<RejectReason, number>> = {}
    const count = { messages: 0, valid: 0, repeats: 0 }
    this.#limits = this.#limitsNow()
    this.#conflicts = 0
    for (const records of recordBatches) {
      for (let i = 0; i < records.length; i++) {
        const message = messageAt(records, i)
        const verdict = this.#steps(message)
        if (verdict.ok) {
          batch.addView(verdict.value)
          count.valid += 1
        } else if ('dropped' in verdict) {
          count.repeats += 1
        } else {
          batch.addError(this.#errorRow(message, verdict))
          invalid[verdict.reason] = (invalid[verdict.reason] ?? 0) + 1
        }
      }
      batch.addRead(records)
      count.messages += records.length
    }
    if (count.messages === 0) return
    const ms = this.#options.monotonic() - began
    publish('consumer:processed', { ...count, invalid, conflicts: this.#conflicts, ms })
  }

  readonly #decode: Step<Message, Decoded> = (message) => {
    const fields = decode(message.value)
    return fields.ok ? ok({ ...message, fields: fields.value }) : fields
  }

  readonly #validate: Step<Decoded, Valid> = ({ fields, ...message }) => {
    const view = validate(fields, this.#limits)
    return view.ok ? ok({ ...message, view: view.value }) : view
  }

  readonly #identify: Step<Valid, PageViewRow> = ({ key, partition, offset, view }) => {
    const eventId = eventIdOf(key, this.#options.topic, partition, offset)
    return ok({ eventId, view, partition, offset })
  }

  /** A conflict goes on: the store keeps both, and the audit names them. */
  readonly #dropRepeat: Step<PageViewRow, PageViewRow> = (row) => {
    const seen = this.#recent.see(row.eventId, row.view)
    if (seen === 'repeat') return DROP_REPEAT
    if (seen === 'conflict') this.#conflicts += 1
    return ok(row)
  }

  #limitsNow(): ValidationLimits {
    const { now, maxAgeMs, maxFutureMs } = this.#options
    return { nowMs: now(), maxAgeMs, maxFutureMs }
  }

  #errorRow({ partition, offset, key, value }: Message, { reason, detail }: Reject) {
    return {
      topic: this.#options.topic,
      partition,
      offset,
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
      reason,
      detail,
      rejectedAtMs: this.#limits.nowMs,
    }
  }
}

function messageAt(records: RecordBatch, i: number): Message {
  return {
    partition: records.partition,
    offset: records.offsets[i]!,
    key: keyAt(records, i),
    value: valueAt(records, i),
  }
}
