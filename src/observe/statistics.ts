import type { Logger } from './logger.ts'

export interface StatisticsOptions {
  readonly logger: Logger
  readonly intervalMs: number
  /** A number that grows with the work done, to say how much it was since the last time. */
  readonly total: () => number
  /** The sentence: with the total of the last time, and how many seconds ago that was. */
  readonly sentence: (before: number, seconds: number) => string
}

/**
 * Writes a service's statistics to the log from time to time, in words.
 *
 * @returns stops it
 */
export function logStatistics({ logger, intervalMs, total, sentence }: StatisticsOptions): () => void {
  let before = total()
  let at = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    logger.info(sentence(before, (now - at) / 1_000))
    before = total()
    at = now
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
