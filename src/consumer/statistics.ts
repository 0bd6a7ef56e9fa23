import { age, count, duration, rate } from '../observe/words.ts'
import type { ConsumerState } from './status.ts'

/**
 * What the consumer did lately, as a sentence for the log.
 *
 * @param before the messages processed at the time of the last sentence
 * @param seconds how long ago that was
 */
export function consumerSentence(state: ConsumerState, before: number, seconds: number): string {
  const { counts, lag, rollUp, nowMs } = state
  const parts = [
    `Processed ${count(counts.processed)} messages (${rate((counts.processed - before) / seconds)})`,
    `${count(counts.valid)} valid, ${count(counts.invalid)} invalid, ${count(counts.repeats)} repeats`,
    lag.messages === 0 ? 'no lag' : `Lag: ${count(lag.messages)} messages, ${duration(lag.seconds * 1_000)}`,
    counts.lastFlush ? `Last Write Latency: ${duration(counts.lastFlush.writeMs)}` : 'nothing written yet',
    rollUp.freshAsOfMs
      ? `aggregates fresh as of ${age(nowMs - rollUp.freshAsOfMs.minute)}`
      : 'no roll-up yet',
  ]
  return `${parts.join('. ')}.`
}
