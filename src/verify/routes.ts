import { type Static, Type } from 'typebox'
import { documented } from '../http/documented.ts'
import type { App } from '../http/server.ts'
import type { AuditState, Audits } from './audits.ts'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()])

const AuditAnswer = Type.Object({
  running: Type.Boolean(),
  waiting: nullable(Type.String({ description: 'what the audit under way waits for' })),
  failure: nullable(Type.String({ description: 'why the last one did not come to an end' })),
  verdict: nullable(
    Type.Object(
      {
        agrees: Type.Boolean(),
        began_at: Type.String({ format: 'date-time' }),
        took_ms: Type.Number(),
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
    ),
  ),
})

const NAMED = 20

/** Adds the audit: asking for one, and what the last one found. `millrace verify` does the same and says more. */
export function verifyRoutes(app: App, audits: Audits): void {
  app.get(
    '/verify',
    { schema: documented({ summary: 'What the last audit found', response: AuditAnswer }) },
    (): Static<typeof AuditAnswer> => answerOf(audits.state),
  )
  app.post(
    '/verify',
    {
      schema: documented({
        summary: 'Begin an audit',
        description: 'One runs at a time; it waits until what is in the log now has been counted.',
        response: AuditAnswer,
      }),
    },
    (): Static<typeof AuditAnswer> => {
      audits.start()
      return answerOf(audits.state)
    },
  )
}

function answerOf({ running, waiting, failure, report }: AuditState): Static<typeof AuditAnswer> {
  return {
    running,
    waiting,
    failure,
    verdict: report && {
      agrees: report.agrees,
      began_at: report.began_at,
      took_ms: report.took_ms,
      messages: report.log.messages,
      unique: report.raw.unique,
      errors: report.errors.total,
      repeats: report.repeats,
      conflicts: report.raw.conflicts,
      differences_total: report.differences_total,
      differences: report.differences.slice(0, NAMED).map((each) => ({ ...each })),
      notes: [...report.notes],
    },
  }
}
