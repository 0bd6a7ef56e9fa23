import { count, duration, rate } from '../observe/words.ts'
import type { ProducerState } from './status.ts'

/**
 * What the producer did lately, as a sentence for the log.
 *
 * @param before the messages sent at the time of the last sentence
 * @param seconds how long ago that was
 */
export function producerSentence(
  { counts, producer }: ProducerState,
  before: number,
  seconds: number,
): string {
  const { used, size } = producer.buffer
  const pace = producer.generating ? `mode ${producer.mode} at ${rate(producer.rate)}` : 'generator paused'
  const parts = [
    `Sent ${count(counts.sent)} messages (${rate((counts.sent - before) / seconds)})`,
    `${count(counts.duplicates)} repeats, ${count(counts.invalid)} invalid on purpose`,
    `${count(counts.failed)} failed, ${count(counts.retries)} retries, ${count(counts.dropped)} dropped`,
    `Last Send Latency: ${duration(counts.lastSendLatencyMs)}`,
    `buffer ${count(used)} of ${count(size)}`,
    pace,
  ]
  return `${parts.join('. ')}.`
}
