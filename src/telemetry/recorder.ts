import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { hrTime } from './time.ts'

/** Something that is over, with what it consisted of. Times are milliseconds of a clock that only rises. */
export interface Past {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly kind?: keyof typeof SpanKind
  readonly attributes?: Attributes
  /** What it came of, in other traces. */
  readonly links?: readonly SpanContext[]
  readonly moments?: readonly Moment[]
  /** Why it failed; when this is missing it did not. */
  readonly error?: string
  readonly parts?: readonly Past[]
}

export interface Moment {
  readonly name: string
  readonly at: number
  readonly attributes: Attributes
}

export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

/** Makes spans of what is over: the domain tells what happened when it has happened. */
export class Recorder {
  readonly #tracer: Tracer
  readonly #clocks: Clocks

  constructor(tracer: Tracer, clocks: Clocks) {
    this.#tracer = tracer
    this.#clocks = clocks
  }

  monotonic(): number {
    return this.#clocks.monotonic()
  }

  /**
   * Records a trace of its own.
   *
   * @returns its first span, to be linked to; undefined when it was not sampled
   */
  record(past: Past): SpanContext | undefined {
    // Asked once for a trace, so that its spans lie to each other as they did, whatever becomes of the wall clock.
    const epoch = this.#clocks.now() - this.#clocks.monotonic()
    return this.#record(past, ROOT_CONTEXT, epoch)
  }

  #record(past: Past, context: Context, epoch: number): SpanContext | undefined {
    const { name, from, to, kind = 'INTERNAL', attributes = {}, links = [], moments = [], parts = [] } = past
    const span = this.#tracer.startSpan(
      name,
      {
        kind: SpanKind[kind],
        startTime: hrTime(epoch + from),
        attributes,
        links: links.map((each): Link => ({ context: each })),
      },
      context,
    )
    if (!span.isRecording()) return undefined
    for (const { name, at, attributes } of moments) span.addEvent(name, attributes, hrTime(epoch + at))
    if (past.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: past.error })
    const inside = trace.setSpan(context, span)
    for (const part of parts) this.#record(part, inside, epoch)
    span.end(hrTime(epoch + to))
    return span.spanContext()
  }
}
