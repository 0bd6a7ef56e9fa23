import { Readable } from 'node:stream'
import type { Static } from 'typebox'
import { MillraceError } from '../errors.ts'
import { documented } from '../http/documented.ts'
import { HttpError } from '../http/http-error.ts'
import { integerParameter, optional, readParameters } from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import { eachFixes } from '../store/dead-letter-fixes.ts'
import { eachError } from '../store/dead-letters.ts'
import { BulkFixAnswer, ImportAnswer, ReplayAllAnswer } from './answers.ts'
import { fixMany } from './bulk-fix.ts'
import { changeOf } from './change.ts'
import { checkAll } from './check-all.ts'
import type { DeadLetterRoutes } from './correction-routes.ts'
import { showText } from './display.ts'
import { exportLine } from './exchange.ts'
import { importCorrections } from './import.ts'
import { BY, CHANGE, CHOICE, choiceOf, DRY_RUN, isResolved, personOf, STATE } from './parameters.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route reads lines of JSON, as they come. */
    ndjson?: boolean
  }
}

const NDJSON = 'application/x-ndjson'

const FIX_MANY = { ...CHOICE, ...CHANGE, ...DRY_RUN, ...BY }
const REPLAY_ALL = {
  limit: optional(integerParameter({ min: 1, max: 10_000, description: 'How many at most.' }), 1_000),
  ...BY,
}
const EXPORT = { ...CHOICE, ...STATE }
const IMPORT = { ...DRY_RUN, ...BY }

/** Adds what one does with many dead letters. */
export function bulkRoutes(app: App, { db, limits, replay }: DeadLetterRoutes): void {
  // Lines are read as they come, so that a long import takes no memory.
  app.addContentTypeParser(NDJSON, (request, body, done) => {
    if (request.routeOptions.config.ndjson) done(null, body)
    else done(new HttpError(415, 'unsupported_media_type', 'Lines of JSON are not read here.'))
  })

  app.post(
    '/dead-letters/fix-many',
    {
      schema: documented({
        summary: 'Correct all open dead letters of a choice by one change',
        description: 'What would be rejected again stays as it is, and is told with the reason.',
        parameters: FIX_MANY,
        response: BulkFixAnswer,
      }),
    },
    async (request): Promise<Static<typeof BulkFixAnswer>> => {
      const { patch, map, dry_run: dryRun, by, ...given } = readParameters(FIX_MANY, request)
      const change = changeOf({ patch, map })
      const choice = choiceOf(given)
      if (change === undefined) throw new MillraceError('invalid_setting', 'give one of patch and map')
      if (Object.keys(choice).length === 0) {
        throw new MillraceError('invalid_setting', 'give a choice of dead letters, such as reason')
      }
      const fixed = await fixMany(db, {
        choice,
        change,
        limits: limits(),
        by: personOf(by, request.ip),
        dryRun,
      })
      return {
        ...fixed,
        refused: fixed.refused.map((each) => ({ ...each })),
        examples: fixed.examples.map((each) => ({ ...each })),
      }
    },
  )

  app.post(
    '/dead-letters/replay-all',
    {
      schema: documented({
        summary: 'Send all corrected dead letters',
        description: 'As /dead-letters/replay does with one. Call it again until nothing is sent.',
        parameters: REPLAY_ALL,
        response: ReplayAllAnswer,
      }),
    },
    async (request): Promise<Static<typeof ReplayAllAnswer>> => {
      const { limit, by } = readParameters(REPLAY_ALL, request)
      const answer: Static<typeof ReplayAllAnswer> = { sent: [], refused: [] }
      for await (const fixes of eachFixes(db)) {
        const { corrected, refused } = checkAll(fixes.slice(0, limit - answer.sent.length), limits())
        answer.refused.push(...refused.map((each) => ({ ...each, why: showText(each.why) })))
        if (corrected.length > 0) {
          const sent = await replay(corrected, personOf(by, request.ip))
          answer.sent.push(
            ...sent.map(({ partition, offset, eventId }) => ({ partition, offset, event_id: eventId })),
          )
        }
        if (answer.sent.length >= limit) break
      }
      return answer
    },
  )

  app.get(
    '/dead-letters/export',
    {
      schema: {
        summary: 'Dead letters with all their bytes, one JSON object a line',
        description: 'Bytes are {"text":…} where they are UTF-8, and otherwise {"base64":…}.',
        produces: [NDJSON],
        parameters: EXPORT,
      },
    },
    (request, reply) => {
      const { state, ...choice } = readParameters(EXPORT, request)
      const lines = exportLines(eachError(db, { ...choiceOf(choice), ...isResolved(state) }))
      return reply.type(NDJSON).send(Readable.from(lines, { objectMode: false }))
    },
  )

  app.post(
    '/dead-letters/import',
    {
      config: { ndjson: true },
      schema: {
        ...documented({
          summary: 'Take the corrections out of an export whose messages were changed',
          description: 'A line whose message is as it was changes nothing.',
          parameters: IMPORT,
          response: ImportAnswer,
        }),
        consumes: [NDJSON],
        body: { type: 'string', description: 'Lines as /dead-letters/export gives them.' },
      },
    },
    async (request): Promise<Static<typeof ImportAnswer>> => {
      const { dry_run: dryRun, by } = readParameters(IMPORT, { query: request.query })
      const body: unknown = request.body
      if (!(body instanceof Readable)) {
        throw new HttpError(415, 'unsupported_media_type', `Send lines of JSON, as ${NDJSON}.`)
      }
      const options = { limits: limits(), by: personOf(by, request.ip), dryRun }
      const { refusedCount, refused, ...imported } = await importCorrections(db, body, options)
      return {
        ...imported,
        refused: refused.map(({ line, why }) => ({ line, why: showText(why) })),
        refused_count: refusedCount,
      }
    },
  )
}

async function* exportLines(letters: ReturnType<typeof eachError>): AsyncGenerator<string> {
  for await (const letter of letters) yield exportLine(letter)
}
