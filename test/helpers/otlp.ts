import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { decodeMessage, type Field, type Message, type Schema } from './protobuf.ts'

// The field numbers of https://github.com/open-telemetry/opentelemetry-proto, those that are looked at.

const one = (name: string, read: Field['read']): Field => ({ name, read })
const many = (name: string, read: Field['read']): Field => ({ name, read, many: true })

const VALUE: Schema = {
  1: one('text', 'text'),
  2: one('yes', 'whole'),
  3: one('whole', 'whole'),
  4: one('double', 'double'),
}
const ATTRIBUTE: Schema = { 1: one('key', 'text'), 2: one('value', VALUE) }
const RESOURCE: Schema = { 1: many('attributes', ATTRIBUTE) }
const SCOPE: Schema = { 1: one('name', 'text'), 2: one('version', 'text') }

const EVENT: Schema = {
  1: one('time', 'fixed64'),
  2: one('name', 'text'),
  3: many('attributes', ATTRIBUTE),
}
const LINK: Schema = { 1: one('traceId', 'hex'), 2: one('spanId', 'hex') }
const STATUS: Schema = { 2: one('message', 'text'), 3: one('code', 'whole') }
const SPAN: Schema = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'text'),
  6: one('kind', 'whole'),
  7: one('start', 'fixed64'),
  8: one('end', 'fixed64'),
  9: many('attributes', ATTRIBUTE),
  11: many('events', EVENT),
  13: many('links', LINK),
  15: one('status', STATUS),
}
const SCOPE_SPANS: Schema = { 1: one('scope', SCOPE), 2: many('spans', SPAN) }
const RESOURCE_SPANS: Schema = { 1: one('resource', RESOURCE), 2: many('scopes', SCOPE_SPANS) }
const TRACES: Schema = { 1: many('resources', RESOURCE_SPANS) }

const NUMBER: Schema = {
  2: one('start', 'fixed64'),
  3: one('time', 'fixed64'),
  4: one('value', 'double'),
  7: many('attributes', ATTRIBUTE),
}
const HISTOGRAM_POINT: Schema = {
  2: one('start', 'fixed64'),
  3: one('time', 'fixed64'),
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  6: one('counts', 'fixed64s'),
  7: one('bounds', 'doubles'),
  9: many('attributes', ATTRIBUTE),
}
const GAUGE: Schema = { 1: many('points', NUMBER) }
const SUM: Schema = {
  1: many('points', NUMBER),
  2: one('temporality', 'whole'),
  3: one('monotonic', 'whole'),
}
const HISTOGRAM: Schema = { 1: many('points', HISTOGRAM_POINT), 2: one('temporality', 'whole') }
const METRIC: Schema = {
  1: one('name', 'text'),
  2: one('description', 'text'),
  3: one('unit', 'text'),
  5: one('gauge', GAUGE),
  7: one('sum', SUM),
  9: one('histogram', HISTOGRAM),
}
const SCOPE_METRICS: Schema = { 1: one('scope', SCOPE), 2: many('metrics', METRIC) }
const RESOURCE_METRICS: Schema = { 1: one('resource', RESOURCE), 2: many('scopes', SCOPE_METRICS) }
const METRICS: Schema = { 1: many('resources', RESOURCE_METRICS) }

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface ReceivedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of a trace. */
  readonly parentSpanId: string
  readonly name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Attributes
  readonly events: readonly { name: string; time: bigint; attributes: Attributes }[]
  readonly links: readonly { traceId: string; spanId: string }[]
  readonly status: { readonly code: number; readonly message: string }
}

/** One point of a metric, in the words of /metrics. */
export interface ReceivedPoint {
  readonly service: string
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly unit: string
  readonly help: string
  readonly attributes: Attributes
  /** Of counters and gauges. */
  readonly value: number
  /** Of histograms. */
  readonly count: number
  readonly sum: number
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** A receiver of OTLP over HTTP on a free port, in protobuf, that keeps what it gets. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = []
  /** The points of the newest request of each service. */
  readonly points = new Map<string, readonly ReceivedPoint[]>()
  /** What the senders say of themselves, by service.name. */
  readonly resources = new Map<string, Attributes>()
  /** Requests, of both kinds. */
  requests = 0
  traceRequests = 0

  get metricRequests(): number {
    return this.requests - this.traceRequests
  }

  /** How requests are answered: with a status, or not at all. */
  answer: number | 'never' = 200
  readonly #waiting: ServerResponse[] = []
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(t: TestContext): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    t.after(() => receiver.close())
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Answers the requests that were never answered, so that nobody goes on waiting or tries again. */
  refuseWaiting(): void {
    this.answer = 400
    for (const response of this.#waiting.splice(0)) response.writeHead(400).end()
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    this.requests += 1
    if (request.url === '/v1/traces') this.traceRequests += 1
    if (this.answer === 'never') {
      this.#waiting.push(response)
      return
    }
    if (this.answer === 200) {
      assert.equal(request.headers['content-type'], 'application/x-protobuf')
      if (request.url === '/v1/traces') this.#takeSpans(decodeMessage(body, TRACES))
      else if (request.url === '/v1/metrics') this.#takePoints(decodeMessage(body, METRICS))
      else assert.fail(`nothing is sent to ${request.url}`)
    }
    response.writeHead(this.answer, { 'content-type': 'application/x-protobuf' }).end()
  }

  #takeSpans({ resources }: Message): void {
    for (const { resource, scopes } of resources) {
      const service = this.#sender(resource)
      for (const { spans } of scopes) {
        for (const span of spans) {
          this.spans.push({
            parentSpanId: '',
            ...span,
            service,
            attributes: plain(span.attributes),
            events: span.events.map((event: Message) => ({ ...event, attributes: plain(event.attributes) })),
            status: { code: 0, message: '', ...span.status },
          })
        }
      }
    }
  }

  #takePoints({ resources }: Message): void {
    for (const { resource, scopes } of resources) {
      const service = this.#sender(resource)
      const metrics = scopes.flatMap((scope: Message) => scope.metrics)
      this.points.set(
        service,
        metrics.flatMap((metric: Message) => pointsOf(service, metric)),
      )
    }
  }

  #sender({ attributes }: Message): string {
    const of = plain(attributes)
    const service = String(of['service.name'])
    this.resources.set(service, of)
    return service
  }
}

function pointsOf(service: string, metric: Message): ReceivedPoint[] {
  const { name, unit = '', description = '', gauge, sum, histogram } = metric
  if (sum) assert.deepEqual([sum.monotonic, sum.temporality], [1, CUMULATIVE], name)
  if (histogram) assert.equal(histogram.temporality, CUMULATIVE, name)
  const type = gauge ? 'gauge' : sum ? 'counter' : 'histogram'
  return (gauge ?? sum ?? histogram).points.map((point: Message) => ({
    service,
    name,
    type,
    unit,
    help: description,
    attributes: plain(point.attributes),
    value: point.value,
    count: Number(point.count ?? 0),
    sum: point.sum,
    bounds: point.bounds ?? [],
    counts: point.counts ?? [],
  }))
}

const CUMULATIVE = 2

function plain(attributes: readonly Message[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value: { text, yes, whole, double } }) => [
      key,
      text ?? whole ?? double ?? (yes === undefined ? '' : yes === 1),
    ]),
  )
}
