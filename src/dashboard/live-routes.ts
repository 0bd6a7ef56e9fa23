import type { Static } from 'typebox'
import { documented } from '../http/documented.ts'
import {
  enumParameter,
  integerParameter,
  optional,
  readParameters,
  textParameter,
} from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import { SharedAnswers } from '../http/shared-answers.ts'
import type { Logger } from '../observe/logger.ts'
import { EventStreams, eventFrame } from './event-streams.ts'
import { RejectedAnswer, SeriesAnswer, TopAnswer } from './live-answers.ts'
import { LiveFeed } from './live-feed.ts'
import { SECURITY_HEADERS } from './page-routes.ts'
import { RANGE_NAMES } from './ranges.ts'
import { type Rejected, readRejected } from './rejected.ts'
import { readSeries, type Series } from './series.ts'
import { type SnapshotSources, Snapshots } from './snapshot.ts'
import { readTop, type Top } from './totals.ts'

export interface LiveRoutes extends SnapshotSources {
  readonly logger: Logger
  /** From one update to the next, in milliseconds. */
  readonly intervalMs: number
}

const range = optional(
  enumParameter(RANGE_NAMES, { description: 'The last 15 minutes, 24 hours or 30 days.' }),
  '15m',
)
const SERIES = { range }
const TOP = {
  range,
  search: optional(
    textParameter({ maxLength: 200, description: 'Only pages that have this in their name.' }),
  ),
  limit: optional(integerParameter({ min: 1, max: 1_000, description: 'How many pages at most.' }), 100),
}
const REJECTED = {
  reason: optional(textParameter({ maxLength: 64, description: 'Samples of this reason only.' })),
}

/** Adds what the page reads: the stream of updates, and what it asks for when somebody looks at it. */
export function liveRoutes(app: App, sources: LiveRoutes): void {
  const { db, now, status, logger, intervalMs } = sources
  const snapshots = new Snapshots(sources)
  const feed = new LiveFeed({
    // One text for all who listen.
    read: async () => eventFrame('update', await snapshots.take()),
    intervalMs,
    onError: (error) => logger.warn({ error }, 'The dashboard could not be told how things are'),
  })
  const streams = new EventStreams()
  // Streams never end by themselves, and the server waits for what is under way.
  app.addHook('preClose', (done) => {
    streams.endAll()
    done()
  })

  app.get(
    '/live',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'How everything is, once a second',
        description: 'Server-sent events named `update`, each a JSON object that stands alone.',
        produces: ['text/event-stream'],
        parameters: {},
      },
    },
    (_request, reply) => {
      // From here on the answer is written without Fastify, which would end one that takes longer than a minute.
      reply.hijack()
      const leave = () => unsubscribe()
      const send = streams.open(reply.raw, SECURITY_HEADERS, leave)
      const unsubscribe = feed.subscribe(send)
    },
  )

  const series = new SharedAnswers<Series>({ keepMs: 1_000 })
  app.get(
    '/live/series',
    {
      schema: documented({ summary: 'Points of the time chart', parameters: SERIES, response: SeriesAnswer }),
    },
    (request): Promise<Static<typeof SeriesAnswer>> => {
      const { range } = readParameters(SERIES, request)
      return series.get(range, async () => {
        const { fresh_as_of: fresh } = await status()
        return readSeries(db, range, now(), fresh === null ? 0 : Date.parse(fresh))
      })
    },
  )

  const top = new SharedAnswers<Top>({ keepMs: 1_000 })
  app.get(
    '/live/top',
    {
      schema: documented({
        summary: 'The most viewed pages, regions and totals',
        parameters: TOP,
        response: TopAnswer,
      }),
    },
    (request): Promise<Static<typeof TopAnswer>> => {
      const { range, search = '', limit } = readParameters(TOP, request)
      return top.get(JSON.stringify([range, search, limit]), () =>
        readTop(db, { range, search, limit }, now()),
      )
    },
  )

  const rejected = new SharedAnswers<Rejected>({ keepMs: 1_000 })
  app.get(
    '/live/rejected',
    {
      schema: documented({
        summary: 'Messages that were no page views, by reason, with the last ones',
        parameters: REJECTED,
        response: RejectedAnswer,
      }),
    },
    (request): Promise<Static<typeof RejectedAnswer>> => {
      const { reason } = readParameters(REJECTED, request)
      return rejected.get(reason ?? '', () => readRejected(db, reason))
    },
  )
}
