import { count } from '../observe/words.ts'
import { CAUSES } from './causes.ts'
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
    ...describeOffsets(report),
    ...report.conflicts.map(
      ({ event_id, payloads, at }) =>
        `conflict  key ${event_id}: ${payloads} payloads, at ${at.map(({ partition, offset, page_id }) => `partition ${partition} offset ${offset} (${page_id})`).join(', ')}`,
    ),
    ...report.unchecked.map(({ where, why }) => `unchecked ${where}: ${why}`),
    ...report.notes.map((note) => `note      ${note}`),
    ...describeRepair(report),
    '',
  ]
  if (report.agrees) return [...lines, `All agree (${(report.took_ms / 1_000).toFixed(1)} s).`, ''].join('\n')
  if (report.verdict === 'unsettled') {
    return [...lines, 'Nothing differs, but not everything could be compared yet.', ''].join('\n')
  }
  const causes = [...new Set(report.differences.map(({ cause }) => cause))]
  const more = report.differences_total - report.differences.length
  return [
    ...lines,
    `${count(report.differences_total)} differences:`,
    ...report.differences.flatMap(({ check, where, expected, found, cause }) => [
      `  ${check}: ${CHECKS[check as CheckName]}`,
      `    ${where}: expected ${expected}, found ${found} (${cause})`,
    ]),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
    '',
    'Likely causes:',
    ...causes.flatMap((name) => [
      `  ${name}: ${CAUSES[name].cause}`,
      `    What to do: ${CAUSES[name].remedy}`,
    ]),
    '',
  ].join('\n')
}

function describeOffsets({ offsets }: VerifyReport): string[] {
  if (offsets === null) return []
  const { checked, stored, repeats, marks, expired, missing } = offsets
  const gone = expired === 0 ? '' : `, ${count(expired)} that may have expired`
  const without = marks === 0 ? '' : `, ${count(marks)} without a message`
  return [
    `offsets   ${count(checked)} looked for: ${count(stored)} stored, ${count(repeats)} repeats${without}${gone}, ${count(missing)} missing`,
  ]
}

function describeRepair({ repair }: VerifyReport): string[] {
  if (repair === null) return []
  const { slice, minute, hour } = repair.windows
  const did = repair.dry_run ? 'would be computed again' : 'were computed again from raw'
  return [
    `repair    ${count(slice)} slices, ${count(minute)} minutes, ${count(hour)} hours ${did}`,
    ...(repair.days === 0
      ? []
      : [
          `repair    ${count(repair.days)} days ${repair.dry_run ? 'would be' : 'were'} forgotten, to be built again of their hours`,
        ]),
    ...repair.refused.map(({ where, why }) => `left      ${where}: ${why}`),
  ]
}
