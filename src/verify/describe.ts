import { count } from '../observe/words.ts'
import { CHECKS, type CheckName, type VerifyReport } from './report.ts'

/** A report in words: what was counted, whether all agree, and otherwise what differs. */
export function describeReport(report: VerifyReport): string {
  const { log, ledger, raw, errors } = report
  const reasons = Object.entries(errors.by_reason).map(([reason, n]) => `${reason} ${count(n)}`)
  const lines = [
    `log       ${count(log.messages)} messages, ${count(log.consumed)} consumed`,
    `ledger    ${count(ledger.messages)} messages: ${count(ledger.views)} page views, ${count(ledger.repeats)} repeats, ${count(ledger.messages - ledger.views - ledger.repeats)} invalid`,
    `raw       ${count(raw.unique)} page views, ${count(raw.conflicts)} conflicts`,
    `errors    ${count(errors.total)}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`,
    ...report.levels.map(({ level, view_count }) => `${level.padEnd(9)} ${count(view_count)} views`),
    ...report.notes.map((note) => `note      ${note}`),
    '',
  ]
  if (report.agrees) return [...lines, `All agree (${(report.took_ms / 1_000).toFixed(1)} s).`, ''].join('\n')
  const more = report.differences_total - report.differences.length
  return [
    ...lines,
    `${count(report.differences_total)} differences:`,
    ...report.differences.flatMap(({ check, where, expected, found }) => [
      `  ${check}: ${CHECKS[check as CheckName]}`,
      `    ${where}: expected ${expected}, found ${found}`,
    ]),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
    '',
  ].join('\n')
}
