import { Type } from 'typebox'
import { DeadLetterAnswer } from '../dead-letters/answers.ts'

const counts = Type.Array(Type.Integer())
const durations = Type.Array(Type.Union([Type.Number(), Type.Null()]))
export const SeriesAnswer = Type.Object({
  range: Type.Enum(['15m', '24h', '30d']),
  from_ms: Type.Integer(),
  to_ms: Type.Integer(),
  step_ms: Type.Integer({ description: 'the length of a window' }),
  start_ms: Type.Integer({ description: 'the start of the first window that has a point' }),
  complete: Type.Integer({ description: 'how many points are of windows that are over' }),
  views: counts,
  users: counts,
  bounces: counts,
  avg_ms: durations,
  p95_ms: durations,
})
const totals = {
  views: Type.Integer(),
  users: Type.Integer(),
  bounce_rate: Type.Number(),
  avg_ms: Type.Number(),
  p95_ms: Type.Number(),
}
export const TopAnswer = Type.Object({
  range: Type.Enum(['15m', '24h', '30d']),
  totals: Type.Object(totals),
  pages_total: Type.Integer(),
  pages_found: Type.Integer(),
  pages: Type.Array(Type.Object({ page_id: Type.String(), ...totals })),
  regions: Type.Array(Type.Object({ region: Type.String(), views: Type.Integer(), users: Type.Integer() })),
})
export const RejectedAnswer = Type.Object({
  total: Type.Integer(),
  by_reason: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
  samples: Type.Array(DeadLetterAnswer, { description: 'the last ones first' }),
})
