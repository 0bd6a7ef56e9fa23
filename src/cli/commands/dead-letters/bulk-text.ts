import type { BulkFixed } from '../../../dead-letters/bulk-fix.ts'
import { count } from '../../../observe/words.ts'

/** What became of many dead letters, for people. */
export function bulkText({ matched, corrected, refused, examples }: BulkFixed, dryRun: boolean): string {
  const lines = examples.flatMap(({ partition, offset, before, after }) => [
    `${partition}/${offset}  ${before ?? 'no message'}`,
    `${' '.repeat(`${partition}/${offset}`.length)}→ ${after}`,
  ])
  for (const { why, count: n, example } of refused) {
    lines.push(`${count(n)} not corrected, such as ${example.partition}/${example.offset}: ${why}`)
  }
  const done = dryRun
    ? 'could be corrected; nothing was kept'
    : 'corrected. Send them with: millrace dead-letters replay'
  lines.push(`${count(corrected)} of ${count(matched)} ${done}`)
  return `${lines.join('\n')}\n`
}
