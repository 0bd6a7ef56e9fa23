import type { SpanContext } from '@opentelemetry/api'
import { type Happenings, listen } from '../observe/events.ts'
import { type LogName, logAttributes } from './log-attributes.ts'
import type { Moment, Past, Recorder } from './recorder.ts'

export interface BatchSpanOptions {
  readonly log: LogName
  readonly group: string
  /** Called with the trace of each batch that is written and committed, and when its slices had been marked. */
  readonly onRecorded: (context: SpanContext, markedAt: number) => void
}

/** The batch that takes messages now. */
interface Filling {
  readonly since: number
  fetches: number
  processMs: number
  messages: number
  repeats: number
  rejected: number
}

/** The batch that is written, marked and committed now. */
interface Flushing extends Filling {
  readonly filledAt: number
  readonly inserts: Past[]
  readonly troubles: Moment[]
}

/** A store that is away for long may be asked for the same rows again and again. */
const MOST_INSERTS = 100
const MOST_TROUBLES = 20

/**
 * Makes a trace of each batch of the consumer: filling it, writing its rows with the inserts that takes, marking, committing. While one
 * batch is flushed the next is filled, and flushes follow each other, so what happens belongs to the one or the other.
 */
export class BatchSpans {
  readonly #recorder: Recorder
  readonly #options: BatchSpanOptions
  #filling: Filling | undefined
  #flushing: Flushing | undefined

  constructor(recorder: Recorder, options: BatchSpanOptions) {
    this.#recorder = recorder
    this.#options = options
  }

  /** @returns ends it */
  start(): () => void {
    const stops = [
      listen('consumer:processed', (done) => this.#processed(done)),
      listen('consumer:filled', () => this.#filled()),
      listen('store:inserted', (inserted) => this.#inserted(inserted)),
      listen('consumer:away', (away) => this.#away(away)),
      listen('consumer:flushed', (flushed) => this.#flushed(flushed)),
      listen('consumer:flush-failed', ({ message }) => this.#failed(message)),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  #processed({ messages, repeats, invalid, ms }: Happenings['consumer:processed']): void {
    this.#filling ??= {
      since: this.#recorder.monotonic() - ms,
      fetches: 0,
      processMs: 0,
      messages: 0,
      repeats: 0,
      rejected: 0,
    }
    this.#filling.fetches += 1
    this.#filling.processMs += ms
    this.#filling.messages += messages
    this.#filling.repeats += repeats
    for (const n of Object.values(invalid)) this.#filling.rejected += n
  }

  #filled(): void {
    // Undefined when this began in the middle of a batch.
    this.#flushing = this.#filling && {
      ...this.#filling,
      filledAt: this.#recorder.monotonic(),
      inserts: [],
      troubles: [],
    }
    this.#filling = undefined
  }

  #inserted({ table, rows, bytes, ms }: Happenings['store:inserted']): void {
    const inserts = this.#flushing?.inserts
    if (!inserts || inserts.length === MOST_INSERTS) return
    const to = this.#recorder.monotonic()
    inserts.push({
      name: `INSERT ${table}`,
      kind: 'CLIENT',
      from: to - ms,
      to,
      attributes: {
        'db.system.name': 'clickhouse',
        'db.operation.name': 'INSERT',
        'db.collection.name': table,
        'db.operation.batch.size': rows,
        'millrace.insert.bytes': bytes,
      },
    })
  }

  #away({ what, message, attempt }: Happenings['consumer:away']): void {
    const troubles = this.#flushing?.troubles
    if (!troubles) return
    if (troubles.length === MOST_TROUBLES) troubles.shift()
    troubles.push({
      name: `${what} away`,
      at: this.#recorder.monotonic(),
      attributes: { 'millrace.attempt': attempt, 'exception.message': message },
    })
  }

  #flushed({ views, errors, writeMs, markMs, commitMs }: Happenings['consumer:flushed']): void {
    const batch = this.#flushing
    this.#flushing = undefined
    if (!batch) return
    const to = this.#recorder.monotonic()
    const marked = to - commitMs
    const written = marked - markMs
    const filled = written - writeMs
    const { log, group, onRecorded } = this.#options
    const context = this.#recorder.record({
      ...this.#batch(batch, to),
      parts: [
        fill(batch, filled),
        {
          name: 'write',
          from: filled,
          to: written,
          parts: batch.inserts,
          attributes: { 'millrace.write.views': views, 'millrace.write.errors': errors },
        },
        { name: 'mark', from: written, to: marked },
        {
          name: `commit ${log.topic}`,
          kind: 'CLIENT',
          from: marked,
          to,
          attributes: {
            ...logAttributes(log, 'commit', batch.messages),
            'messaging.operation.type': 'settle',
            'messaging.consumer.group.name': group,
          },
        },
      ],
    })
    if (context) onRecorded(context, marked)
  }

  /** Only when no retry can mend it, or when there is no more time for one: the process ends. */
  #failed(message: string): void {
    const batch = this.#flushing
    this.#flushing = undefined
    if (!batch) return
    this.#recorder.record({
      ...this.#batch(batch, this.#recorder.monotonic()),
      error: message,
      parts: [fill(batch, batch.filledAt), ...batch.inserts],
    })
  }

  #batch(batch: Flushing, to: number): Past {
    const { log, group } = this.#options
    return {
      name: `process ${log.topic}`,
      kind: 'CONSUMER',
      from: batch.since,
      to,
      moments: batch.troubles,
      attributes: {
        ...logAttributes(log, 'process', batch.messages),
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': group,
        'millrace.batch.repeats': batch.repeats,
        'millrace.batch.rejected': batch.rejected,
      },
    }
  }
}

/** Fetching and reading messages until the batch was due and the flush before had ended. */
function fill({ since, fetches, processMs }: Flushing, to: number): Past {
  return {
    name: 'fill',
    from: since,
    to,
    attributes: { 'millrace.fill.fetches': fetches, 'millrace.fill.process_ms': processMs },
  }
}
