import { type Static, Type } from 'typebox'
import { documented } from '../http/documented.ts'
import { HttpError } from '../http/http-error.ts'
import {
  enumParameter,
  integerParameter,
  numberParameter,
  optional,
  type ParameterValues,
  readParameters,
  textParameter,
  timestampParameter,
} from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import type { AggregatesAnswer, AggregatesQuery } from '../store/aggregates.ts'
import { ConsumerStatus } from './status.ts'

export interface ConsumerRoutes {
  readonly status: () => Promise<ConsumerStatus>
  readonly aggregates: (query: AggregatesQuery) => Promise<AggregatesAnswer>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const HOUR_MS = 3_600_000
const LONGEST_HOURS = 24 * 366 * 100
/** Points of a series; a longer answer helps nobody and costs memory. */
const MOST_WINDOWS = 100_000

const AGGREGATES = {
  hours: optional(
    numberParameter({
      min: 0.01,
      max: LONGEST_HOURS,
      description: 'The last so many hours; 1 when nothing is given.',
    }),
  ),
  from: optional(timestampParameter({ description: 'The first moment, instead of `hours`.' })),
  to: optional(timestampParameter({ description: 'The moment after the last; now when it is missing.' })),
  resolution: optional(
    enumParameter(['minute', 'hour'], {
      description:
        'The length of the windows. Minutes for spans of up to six hours that are still kept, else hours.',
    }),
  ),
  page_id: optional(textParameter({ maxLength: 2_048, description: 'Only this page.' })),
  limit: optional(integerParameter({ min: 1, max: 100_000, description: 'How many pages at most.' }), 100),
}

const measures = {
  view_count: Type.Integer(),
  unique_users: Type.Integer({
    description: 'exact for small numbers, within half a percent for large ones',
  }),
  bounce_count: Type.Integer(),
  bounce_rate: Type.Number({ description: 'a fraction' }),
  avg_duration_ms: Type.Number(),
  p50_duration_ms: Type.Number({ description: 'within 1 % of the value' }),
  p95_duration_ms: Type.Number({ description: 'within 1 % of the value' }),
}
const moment = Type.String({ format: 'date-time' })

const Aggregates = Type.Object({
  from: moment,
  to: moment,
  resolution: Type.Union([Type.Literal('minute'), Type.Literal('hour')]),
  fresh_as_of: Type.String({
    format: 'date-time',
    description: 'every event written before this is in the answer',
  }),
  totals: Type.Object(measures),
  pages_total: Type.Integer({ description: 'how many pages there are, shown or not' }),
  pages: Type.Array(Type.Object({ page_id: Type.String(), ...measures })),
  regions: Type.Array(
    Type.Object({ region: Type.String(), view_count: Type.Integer(), unique_users: Type.Integer() }),
  ),
  series: Type.Array(
    Type.Object({
      window_start: moment,
      view_count: Type.Integer(),
      unique_users: Type.Integer(),
      bounce_count: Type.Integer(),
    }),
  ),
})

type AggregatesParameters = ParameterValues<typeof AGGREGATES>

/** The consumer's part of the HTTP API. */
export function consumerRoutes(app: App, { status, aggregates, now }: ConsumerRoutes): void {
  app.get(
    '/status',
    { schema: documented({ summary: 'What the consumer does', response: ConsumerStatus }) },
    () => status(),
  )
  app.get(
    '/query/aggregates',
    {
      schema: documented({
        summary: 'Totals, pages, regions and a series of windows',
        description:
          'Answers the windows that start in the range, the open one included. What takes more than a tenth of a second is answered to all who ask the same for ten times as long, ten seconds at most, and for twice as long again while a new answer is computed; fresh_as_of is that of the answer.',
        parameters: AGGREGATES,
        response: Aggregates,
      }),
    },
    (request): Promise<Static<typeof Aggregates>> =>
      aggregates(queryOf(readParameters(AGGREGATES, request), now())),
  )
}

function queryOf(parameters: AggregatesParameters, nowMs: number): AggregatesQuery {
  const { resolution, page_id: pageId, limit } = parameters
  const { fromMs, toMs } = rangeOf(parameters, nowMs)
  const windows = (toMs - fromMs) / (resolution === 'minute' ? 60_000 : HOUR_MS)
  if (windows > MOST_WINDOWS) {
    throw invalid(
      `resolution: "${resolution ?? 'hour'}" is not allowed for so long a span: it has more than ${MOST_WINDOWS} windows`,
    )
  }
  return { fromMs, toMs, resolution, pageId, limit: limit ?? 100 }
}

function rangeOf({ hours, from, to }: AggregatesParameters, nowMs: number): { fromMs: number; toMs: number } {
  if (from === undefined && to === undefined) return { fromMs: nowMs - (hours ?? 1) * HOUR_MS, toMs: nowMs }
  if (hours !== undefined)
    throw invalid(`hours: "${hours}" is not allowed together with from or to: give either`)
  if (from === undefined) throw invalid(`from is missing: "to" needs it, give both or only from`)
  const toMs = to ?? nowMs
  if (toMs <= from) {
    const [start, end] = [from, toMs].map((ms) => new Date(ms).toISOString())
    throw invalid(`from: "${start}" is not before to, which is "${end}"`)
  }
  return { fromMs: from, toMs }
}

function invalid(message: string): HttpError {
  return new HttpError(400, 'invalid_parameter', message)
}
