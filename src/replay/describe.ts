import { count, duration, rate } from '../observe/words.ts'
import type { ReplayReport } from './replay.ts'

/** What a replay did, in words. */
export function describeReplay({ files, complete }: ReplayReport, tookMs: number): string {
  const lines = files.flatMap((file) => {
    const { kinds, firstMs, lastMs, rejects } = file
    const times =
      firstMs === null || lastMs === null
        ? ''
        : `, from ${time(firstMs + file.shiftMs)} to ${time(lastMs + file.shiftMs)}`
    const named = rejects.map(({ line, why }) => `${line} (${why})`).join(', ')
    return [
      `${file.file}`,
      `  ${count(file.sent)} page views sent in ${count(file.visits)} visits${times}`,
      ...(file.skipped > 0 ? [`  ${count(file.skipped)} of them by the run that was interrupted`] : []),
      `  ${count(file.lines)} lines: ${count(kinds.asset)} assets, ${count(kinds['other method'])} other methods, ${count(kinds['other status'])} other statuses`,
      ...(file.rejected > 0
        ? [
            `  ${count(file.rejected)} lines are no log lines: ${named}${file.rejected > rejects.length ? ' …' : ''}`,
          ]
        : []),
    ]
  })
  const sent = files.reduce((sum, file) => sum + file.sent - file.skipped, 0)
  lines.push(
    `${count(sent)} sent now, in ${duration(tookMs)} (${rate((sent / Math.max(1, tookMs)) * 1_000)}).`,
  )
  if (!complete) lines.push('Interrupted. Run the same command again to go on.')
  return `${lines.join('\n')}\n`
}

function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}
