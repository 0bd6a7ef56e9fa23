import { listen } from '../observe/events.ts'

/** What the producer has done since it started. */
export interface ProducerCounts {
  generated: number
  sent: number
  failed: number
  dropped: number
  retries: number
  /** Repeats and invalid messages that were sent, on purpose. */
  duplicates: number
  invalid: number
  lastSendLatencyMs: number
  /** Why the last append did not succeed; null when it did. */
  trouble: string | null
}

/** Counts what the producer's parts say that happened. */
export function countProducer(): { readonly counts: Readonly<ProducerCounts>; stop(): void } {
  const counts: ProducerCounts = {
    generated: 0,
    sent: 0,
    failed: 0,
    dropped: 0,
    retries: 0,
    duplicates: 0,
    invalid: 0,
    lastSendLatencyMs: 0,
    trouble: null,
  }
  const stops = [
    listen('producer:generated', ({ events }) => {
      counts.generated += events
    }),
    listen('producer:sent', ({ records, repeats, invalid, ms }) => {
      counts.sent += records
      counts.duplicates += repeats
      counts.invalid += invalid
      counts.lastSendLatencyMs = ms
      counts.trouble = null
    }),
    listen('producer:failed', ({ records, message }) => {
      counts.failed += records
      counts.trouble = message
    }),
    listen('producer:dropped', ({ events }) => {
      counts.dropped += events
    }),
    listen('producer:retried', ({ message }) => {
      counts.retries += 1
      counts.trouble = message
    }),
  ]
  return {
    counts,
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}
