import { type Static, Type } from 'typebox'
import { MillraceError } from '../errors.ts'
import { REJECT_REASONS, type RejectReason } from '../event/outcome.ts'
import type { ValidationLimits } from '../event/validate.ts'
import { documented } from '../http/documented.ts'
import {
  enumParameter,
  integerParameter,
  optional,
  readParameters,
  textParameter,
  timestampParameter,
} from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import type { Database } from '../store/database.ts'
import { listFixes, saveFix } from '../store/dead-letter-fixes.ts'
import {
  countErrors,
  type DeadLetter,
  type DeadLetterPlace,
  getError,
  listErrors,
} from '../store/dead-letters.ts'
import { show } from './display.ts'
import { checkFixed } from './fix.ts'
import type { Corrected } from './replay.ts'

export interface DeadLetterRoutes {
  readonly db: Database
  /** What a corrected message must keep now. */
  readonly limits: () => ValidationLimits
  /** Sends a corrected message; replayCorrected() with the log of this process. */
  readonly replay: (corrected: Corrected) => Promise<string>
}

const ShownBytes = Type.Union([
  Type.Object({ as: Type.Enum(['text', 'hex']), content: Type.String() }),
  Type.Null(),
])
const DeadLetterAnswer = Type.Object({
  topic: Type.String(),
  partition: Type.Integer(),
  offset: Type.Integer(),
  rejected_at: Type.String({ format: 'date-time' }),
  reason: Type.String(),
  detail: Type.String(),
  key: ShownBytes,
  message: ShownBytes,
  resolved: Type.Union([Type.Object({ at: Type.String(), how: Type.String() }), Type.Null()]),
})
const ListAnswer = Type.Object({
  total: Type.Integer({ description: 'how many there are, whatever the limit' }),
  by_reason: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
  dead_letters: Type.Array(DeadLetterAnswer, { description: 'those that were rejected last first' }),
})
const FixAnswer = Type.Object({
  partition: Type.Integer(),
  offset: Type.Integer(),
  corrected: Type.Boolean(),
})
const ReplayAnswer = Type.Object({
  partition: Type.Integer(),
  offset: Type.Integer(),
  event_id: Type.String({ format: 'uuid' }),
})

const partition = integerParameter({ min: 0, max: 2 ** 31 - 1, description: 'The partition it lay in.' })
const PLACE = {
  topic: optional(
    textParameter({ maxLength: 249, description: 'Needed where several topics have that place.' }),
  ),
  partition,
  offset: integerParameter({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Its offset there.' }),
}
const FIX = {
  ...PLACE,
  message: textParameter({ maxLength: 1_000_000, description: 'The whole corrected message, JSON.' }),
}
const LIST = {
  reason: optional(
    enumParameter(Object.keys(REJECT_REASONS) as RejectReason[], { description: 'Only of this reason.' }),
  ),
  partition: optional(partition),
  from: optional(timestampParameter({ description: 'Rejected at this moment or later.' })),
  to: optional(timestampParameter({ description: 'Rejected before this moment.' })),
  state: optional(
    enumParameter(['open', 'resolved', 'all'], {
      description: 'Those that wait, those that were sent, or all.',
    }),
    'open',
  ),
  limit: optional(integerParameter({ min: 1, max: 1_000, description: 'How many at most.' }), 100),
}

/** Characters of a message's bytes in the list; the single one has all of them. */
const LISTED_CHARACTERS = 2_000

/** Adds what one does with dead letters: look, correct, send again. The command `millrace dead-letters` does the same. */
export function deadLetterRoutes(app: App, { db, limits, replay }: DeadLetterRoutes): void {
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
      const { reason, partition, from, to, state, limit } = readParameters(LIST, request)
      const filter = {
        ...(reason !== undefined && { reason }),
        ...(partition !== undefined && { partition }),
        ...(from !== undefined && { fromMs: from }),
        ...(to !== undefined && { toMs: to }),
        ...(state !== 'all' && { resolved: state === 'resolved' }),
      }
      const [counts, letters] = await Promise.all([
        countErrors(db, filter),
        listErrors(db, { ...filter, limit }),
      ])
      return {
        total: counts.reduce((sum, { count }) => sum + count, 0),
        by_reason: counts,
        dead_letters: letters.map((letter) => answerOf(letter, LISTED_CHARACTERS)),
      }
    },
  )

  app.get(
    '/dead-letters/message',
    {
      schema: documented({
        summary: 'One of them, with all its bytes',
        parameters: PLACE,
        response: DeadLetterAnswer,
      }),
    },
    async (request): Promise<Static<typeof DeadLetterAnswer>> =>
      answerOf(await getError(db, placeOf(readParameters(PLACE, request)))),
  )

  app.post(
    '/dead-letters/fix',
    {
      schema: documented({
        summary: 'Correct a dead letter',
        description: 'The correction is checked as the consumer would, and kept until it is sent.',
        parameters: FIX,
        response: FixAnswer,
      }),
    },
    async (request): Promise<Static<typeof FixAnswer>> => {
      const { message: text, ...place } = readParameters(FIX, request)
      const { topic, partition, offset } = await getError(db, placeOf(place))
      const message = Buffer.from(text)
      checkFixed(message, limits())
      await saveFix(db, { topic, partition, offset, message })
      return { partition, offset, corrected: true }
    },
  )

  app.post(
    '/dead-letters/replay',
    {
      schema: documented({
        summary: 'Send a corrected dead letter',
        description: 'As the event that it was to be, under the same identity: done twice it counts once.',
        parameters: PLACE,
        response: ReplayAnswer,
      }),
    },
    async (request): Promise<Static<typeof ReplayAnswer>> => {
      const place = await getError(db, placeOf(readParameters(PLACE, request)))
      const { topic, partition, offset } = place
      const fix = (await listFixes(db, FIXES_AT_MOST)).find(
        (each) => each.topic === topic && each.partition === partition && each.offset === offset,
      )
      if (fix === undefined) {
        throw new MillraceError('not_found', `no correction waits to be sent for ${partition}/${offset}`, {
          hint: 'Correct it first with POST /dead-letters/fix; what was sent already is not sent again.',
        })
      }
      const view = checkFixed(fix.message, limits())
      return { partition, offset, event_id: await replay({ letter: fix, message: fix.message, view }) }
    },
  )
}

const FIXES_AT_MOST = 10_000

function placeOf(given: { topic: string | undefined; partition: number; offset: number }): DeadLetterPlace {
  const { topic, ...place } = given
  return topic === undefined ? place : { ...place, topic }
}

function answerOf(
  letter: DeadLetter,
  characters = Number.POSITIVE_INFINITY,
): Static<typeof DeadLetterAnswer> {
  const { topic, partition, offset, reason, detail, key, value, rejectedAtMs, resolved } = letter
  return {
    topic,
    partition,
    offset,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    reason,
    detail,
    key: key && show(key, characters),
    message: value && show(value, characters),
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: resolved.how },
  }
}
