import type { Static } from 'typebox'
import { MillraceError } from '../errors.ts'
import type { ValidationLimits } from '../event/validate.ts'
import { documented } from '../http/documented.ts'
import { optional, readParameters, textParameter } from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import type { Database } from '../store/database.ts'
import { getFixes, saveFixes } from '../store/dead-letter-fixes.ts'
import { getError } from '../store/dead-letters.ts'
import { FixAnswer, ReplayAnswer } from './answers.ts'
import { changeOf } from './change.ts'
import { show } from './display.ts'
import { checkFixed } from './fix.ts'
import { BY, CHANGE, DRY_RUN, PLACE, personOf, placeOf } from './parameters.ts'
import type { Corrected, Replayed } from './replay.ts'

export interface DeadLetterRoutes {
  readonly db: Database
  /** What a corrected message must keep now. */
  readonly limits: () => ValidationLimits
  /** Sends corrected messages; replayCorrected() with the log of this process. */
  readonly replay: (corrected: readonly Corrected[], by: string) => Promise<readonly Replayed[]>
}

const FIX = {
  ...PLACE,
  message: optional(
    textParameter({ maxLength: 1_000_000, description: 'The whole corrected message, JSON.' }),
  ),
  ...CHANGE,
  ...DRY_RUN,
  ...BY,
}
const REPLAY = { ...PLACE, ...BY }

/** Adds what one does with a single dead letter. */
export function correctionRoutes(app: App, { db, limits, replay }: DeadLetterRoutes): void {
  app.post(
    '/dead-letters/fix',
    {
      schema: documented({
        summary: 'Correct a dead letter',
        description:
          'By a whole message, a JSON Patch or a mapping. The correction is checked as the consumer would, and kept until it is sent.',
        parameters: FIX,
        response: FixAnswer,
      }),
    },
    async (request): Promise<Static<typeof FixAnswer>> => {
      const { message: text, patch, map, dry_run, by, ...place } = readParameters(FIX, request)
      const change = changeOf({ patch, map })
      if ((text === undefined) === (change === undefined)) {
        throw new MillraceError('invalid_setting', 'give one of message, patch and map')
      }
      const letter = await getError(db, placeOf(place))
      const { topic, partition, offset } = letter
      const message = change ? change(letter.value) : Buffer.from(text!)
      checkFixed(message, limits())
      if (!dry_run) await saveFixes(db, [{ topic, partition, offset, message }], personOf(by, request.ip))
      return { partition, offset, corrected: !dry_run, message: show(message) }
    },
  )

  app.post(
    '/dead-letters/replay',
    {
      schema: documented({
        summary: 'Send a corrected dead letter',
        description: 'As the event that it was to be, under the same identity: done twice it counts once.',
        parameters: REPLAY,
        response: ReplayAnswer,
      }),
    },
    async (request): Promise<Static<typeof ReplayAnswer>> => {
      const { by, ...place } = readParameters(REPLAY, request)
      const [fix] = await getFixes(db, [await getError(db, placeOf(place))])
      const view = checkFixed(fix!.message, limits())
      const [sent] = await replay([{ ...fix!, view }], personOf(by, request.ip))
      const { partition, offset, eventId } = sent!
      return { partition, offset, event_id: eventId }
    },
  )
}
