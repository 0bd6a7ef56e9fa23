import { type Static, Type } from 'typebox'
import type { Replay } from '../store/dead-letter-replays.ts'
import type { DeadLetter } from '../store/dead-letters.ts'
import { show, showText } from './display.ts'

const Bytes = Type.Object({ as: Type.Enum(['text', 'hex']), content: Type.String() })
const ShownBytes = Type.Union([Bytes, Type.Null()])

export const DeadLetterAnswer = Type.Object({
  topic: Type.String(),
  partition: Type.Integer(),
  offset: Type.Integer(),
  rejected_at: Type.String({ format: 'date-time' }),
  reason: Type.String(),
  detail: Type.String(),
  key: ShownBytes,
  message: ShownBytes,
  message_bytes: Type.Integer({ description: 'how many bytes the message has; a list shows its beginning' }),
  resolved: Type.Union([Type.Object({ at: Type.String(), how: Type.String() }), Type.Null()]),
})

export const OneAnswer = Type.Object({
  ...DeadLetterAnswer.properties,
  replays: Type.Array(
    Type.Object({
      event_id: Type.String({ format: 'uuid' }),
      by: Type.String(),
      at: Type.String({ format: 'date-time' }),
      message: Bytes,
    }),
    { description: 'every time that it was sent again, the first one first' },
  ),
})

export const ListAnswer = Type.Object({
  total: Type.Integer({ description: 'how many there are, whatever the limit' }),
  by_reason: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
  dead_letters: Type.Array(DeadLetterAnswer, { description: 'those that were rejected last first' }),
})

export const CountsAnswer = Type.Object({
  counts: Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() })),
})

const Place = { partition: Type.Integer(), offset: Type.Integer() }

export const FixAnswer = Type.Object({ ...Place, corrected: Type.Boolean(), message: Bytes })

export const BulkFixAnswer = Type.Object({
  matched: Type.Integer(),
  corrected: Type.Integer(),
  refused: Type.Array(
    Type.Object({ why: Type.String(), count: Type.Integer(), example: Type.Object(Place) }),
  ),
  examples: Type.Array(
    Type.Object({
      ...Place,
      before: Type.Union([Type.String(), Type.Null()]),
      after: Type.String(),
    }),
  ),
})

export const ImportAnswer = Type.Object({
  lines: Type.Integer(),
  corrected: Type.Integer(),
  unchanged: Type.Integer(),
  refused: Type.Array(Type.Object({ line: Type.Integer(), why: Type.String() })),
  refused_count: Type.Integer(),
})

const Sent = Type.Object({ ...Place, event_id: Type.String({ format: 'uuid' }) })
export const ReplayAnswer = Sent

export const ReplayAllAnswer = Type.Object({
  sent: Type.Array(Sent),
  refused: Type.Array(Type.Object({ ...Place, why: Type.String() })),
})

export function answerOf(
  letter: DeadLetter,
  characters = Number.POSITIVE_INFINITY,
): Static<typeof DeadLetterAnswer> {
  const { topic, partition, offset, reason, detail, key, value, valueBytes, rejectedAtMs, resolved } = letter
  return {
    topic,
    partition,
    offset,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    reason,
    detail: showText(detail),
    key: key && show(key, characters),
    message: value && show(value, characters),
    message_bytes: valueBytes,
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: showText(resolved.how) },
  }
}

export function replaysOf(replays: readonly Replay[]): Static<typeof OneAnswer>['replays'] {
  return replays.map(({ eventId, by, atMs, message }) => {
    return { event_id: eventId, by: showText(by), at: new Date(atMs).toISOString(), message: show(message) }
  })
}
