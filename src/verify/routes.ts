import { type Static, Type } from 'typebox'
import { documented } from '../http/documented.ts'
import type { App } from '../http/server.ts'
import type { Audits } from './audits.ts'
import type { LastVerdict } from './last-verdict.ts'
import { Verdict, verdictOf } from './verdict.ts'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()])

const AuditAnswer = Type.Object({
  running: Type.Boolean(),
  waiting: nullable(Type.String({ description: 'what the audit under way waits for' })),
  failure: nullable(Type.String({ description: 'why the last one did not come to an end' })),
  verdict: nullable(Verdict),
})

/**
 * Adds the audit: asking for one, and what the last one found. `millrace verify` does the same and says more.
 *
 * @param last what is kept of audits, also of those that others run
 */
export function verifyRoutes(app: App, audits: Audits, last: LastVerdict): void {
  const answer = async (): Promise<Static<typeof AuditAnswer>> => {
    const { running, waiting, failure, report } = audits.state
    const own = report && verdictOf(report)
    const kept = await last.read()
    return { running, waiting, failure, verdict: later(own, kept) }
  }
  app.get(
    '/verify',
    { schema: documented({ summary: 'What the last audit found', response: AuditAnswer }) },
    answer,
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
    () => {
      audits.start()
      return answer()
    },
  )
}

function later(one: Verdict | null, other: Verdict | null): Verdict | null {
  if (one === null || other === null) return one ?? other
  return Date.parse(other.began_at) > Date.parse(one.began_at) ? other : one
}
