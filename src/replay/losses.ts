import { MillraceError } from '../errors.ts'
import type { FileCounts } from './counts.ts'
import { emptyCounts } from './counts.ts'
import type { FileToRead } from './lines.ts'
import { readPageViews } from './read-log.ts'

export interface LossLimits {
  /** Older page views would be rejected as too late, in milliseconds; null when any age is taken. */
  readonly maxAgeMs: number | null
  /** Page views further ahead would be rejected as in the future, in milliseconds. */
  readonly maxFutureMs: number
  readonly shiftToNow: boolean
  readonly signal: AbortSignal
}

/** A file as it is to be sent. */
export interface Planned {
  readonly file: FileToRead
  readonly counts: FileCounts
  /** Added to each time, in milliseconds. */
  readonly shiftMs: number
}

/**
 * Refuses to send page views that the consumer would reject for their time, as it is after the shift. Files are read again
 * only when they hold such page views.
 *
 * @throws MillraceError `check_failed`
 */
export async function refuseLosses(
  planned: readonly Planned[],
  nowMs: number,
  limits: LossLimits,
): Promise<void> {
  const { maxAgeMs, maxFutureMs, shiftToNow, signal } = limits
  const oldestMs = maxAgeMs === null ? Number.NEGATIVE_INFINITY : nowMs - maxAgeMs
  const tooOld = await describe(planned, (ms) => ms < oldestMs, signal)
  if (tooOld !== '') {
    throw new MillraceError(
      'check_failed',
      `nothing was sent, since page views older than raw rows are kept would be lost: ${tooOld}`,
      {
        hint:
          'Keep them: set MILLRACE_RAW_TTL_DAYS=0 and MILLRACE_MINUTE_TTL_DAYS=0 for the consumer (start it again) and for this command.' +
          (shiftToNow ? '' : ' Or move their times: --shift-to-now.'),
      },
    )
  }
  const tooNew = await describe(planned, (ms) => ms > nowMs + maxFutureMs, signal)
  if (tooNew === '') return
  throw new MillraceError(
    'check_failed',
    `nothing was sent, since page views more than ${maxFutureMs / 1_000} s ahead would be rejected: ${tooNew}`,
    { hint: "Check the clock of this machine and the logs' time zone, or move their times: --shift-to-now." },
  )
}

async function describe(
  planned: readonly Planned[],
  isLost: (timestampMs: number) => boolean,
  signal: AbortSignal,
): Promise<string> {
  const described: string[] = []
  for (const { file, counts, shiftMs } of planned) {
    const { firstMs, lastMs } = counts
    if (firstMs === null || lastMs === null || !(isLost(firstMs + shiftMs) || isLost(lastMs + shiftMs)))
      continue
    let lost = 0
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for await (const views of readPageViews(file, emptyCounts(), { signal })) {
      for (const { timestampMs } of views.map(({ parsed }) => parsed)) {
        if (!isLost(timestampMs + shiftMs)) continue
        lost += 1
        from = Math.min(from, timestampMs)
        to = Math.max(to, timestampMs)
      }
    }
    if (lost === 0) continue
    described.push(
      `${file.path}: ${lost} of ${counts.kinds['page view']} page views, from ${time(from)} to ${time(to)}`,
    )
  }
  return described.join('; ')
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
