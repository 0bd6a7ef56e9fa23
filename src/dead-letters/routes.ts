import type { Static } from 'typebox'
import { documented } from '../http/documented.ts'
import { enumParameter, integerParameter, optional, readParameters } from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import { listReplays } from '../store/dead-letter-replays.ts'
import { countErrors, DEAD_LETTER_GROUPS, getError, groupErrors, listErrors } from '../store/dead-letters.ts'
import { answerOf, CountsAnswer, ListAnswer, OneAnswer, replaysOf } from './answers.ts'
import { bulkRoutes } from './bulk-routes.ts'
import { correctionRoutes, type DeadLetterRoutes } from './correction-routes.ts'
import { bytesToShow } from './display.ts'
import { CHOICE, choiceOf, isResolved, PLACE, placeOf, STATE } from './parameters.ts'

export type { DeadLetterRoutes } from './correction-routes.ts'

const LIST = {
  ...CHOICE,
  ...STATE,
  limit: optional(integerParameter({ min: 1, max: 1_000, description: 'How many at most.' }), 100),
}
const COUNTS = {
  ...CHOICE,
  ...STATE,
  by: enumParameter(Object.keys(DEAD_LETTER_GROUPS) as (keyof typeof DEAD_LETTER_GROUPS)[], {
    description: 'What to count them by.',
  }),
}

/** Characters of a message's bytes in the list; the single one has all of them. */
const LISTED_CHARACTERS = 2_000

/** Adds what one does with dead letters: look, correct, send again. The command `millrace dead-letters` does the same. */
export function deadLetterRoutes(app: App, routes: DeadLetterRoutes): void {
  const { db } = routes
  app.get(
    '/dead-letters',
    {
      schema: documented({
        summary: 'Messages that were no page views',
        parameters: LIST,
        response: ListAnswer,
      }),
    },
    async (request): Promise<Static<typeof ListAnswer>> => {
      const { limit, state, ...choice } = readParameters(LIST, request)
      const filter = { ...choiceOf(choice), ...isResolved(state) }
      const bytesAtMost = bytesToShow(LISTED_CHARACTERS)
      const [counts, letters] = await Promise.all([
        countErrors(db, filter),
        listErrors(db, { ...filter, limit, bytesAtMost }),
      ])
      return {
        total: counts.reduce((sum, { count }) => sum + count, 0),
        by_reason: counts,
        dead_letters: letters.map((letter) => answerOf(letter, LISTED_CHARACTERS)),
      }
    },
  )

  app.get(
    '/dead-letters/counts',
    {
      schema: documented({
        summary: 'How many there are of each reason, of each partition, or in each hour',
        parameters: COUNTS,
        response: CountsAnswer,
      }),
    },
    async (request): Promise<Static<typeof CountsAnswer>> => {
      const { by, state, ...choice } = readParameters(COUNTS, request)
      return { counts: await groupErrors(db, by, { ...choiceOf(choice), ...isResolved(state) }) }
    },
  )

  app.get(
    '/dead-letters/message',
    {
      schema: documented({
        summary: 'One of them, with all its bytes, and who sent it again',
        parameters: PLACE,
        response: OneAnswer,
      }),
    },
    async (request): Promise<Static<typeof OneAnswer>> => {
      const letter = await getError(db, placeOf(readParameters(PLACE, request)))
      return { ...answerOf(letter), replays: replaysOf(await listReplays(db, letter)) }
    },
  )

  correctionRoutes(app, routes)
  bulkRoutes(app, routes)
}
