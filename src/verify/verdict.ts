import { type Static, Type } from 'typebox'
import type { VerifyReport } from './report.ts'

const Time = Type.String({ format: 'date-time' })
const OpenTime = Type.Union([Time, Type.Null()])

/** What of a report is kept and served: small, whatever was found. */
export const Verdict = Type.Object(
  {
    agrees: Type.Boolean(),
    verdict: Type.Enum(['agrees', 'differs', 'unsettled']),
    began_at: Time,
    took_ms: Type.Number(),
    range: Type.Object({ from: OpenTime, to: OpenTime }, { description: 'of event times; null: open' }),
    messages: Type.Integer({ description: 'in the log' }),
    unique: Type.Integer({ description: 'page views in raw, each once' }),
    errors: Type.Integer(),
    repeats: Type.Integer(),
    conflicts: Type.Integer(),
    differences_total: Type.Integer(),
    differences: Type.Array(
      Type.Object({
        check: Type.String(),
        where: Type.String(),
        expected: Type.String(),
        found: Type.String(),
      }),
      { description: 'the first of them' },
    ),
    notes: Type.Array(Type.String()),
  },
  { description: 'of the last audit; null before the first' },
)
export type Verdict = Static<typeof Verdict>

const NAMED = 20

export function verdictOf(report: VerifyReport): Verdict {
  return {
    agrees: report.agrees,
    verdict: report.verdict,
    began_at: report.began_at,
    took_ms: report.took_ms,
    range: { ...report.range },
    messages: report.log.messages,
    unique: report.raw.unique,
    errors: report.errors.total,
    repeats: report.repeats,
    conflicts: report.raw.conflicts,
    differences_total: report.differences_total,
    differences: report.differences.slice(0, NAMED).map(({ check, where, expected, found }) => {
      return { check, where, expected, found }
    }),
    notes: [...report.notes],
  }
}
