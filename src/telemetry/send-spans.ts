import { listen } from '../observe/events.ts'
import { type LogName, logAttributes } from './log-attributes.ts'
import type { Recorder } from './recorder.ts'

/**
 * Makes a span of each of the producer's sends: of each append, however many events it takes.
 *
 * @returns ends it
 */
export function sendSpans(recorder: Recorder, log: LogName): () => void {
  const name = `send ${log.topic}`
  const stops = [
    listen('producer:sent', ({ strategy, records, bytes, repeats, invalid, ms }) => {
      const to = recorder.monotonic()
      recorder.record({
        name,
        kind: 'PRODUCER',
        from: to - ms,
        to,
        attributes: {
          ...logAttributes(log, 'send', records),
          'messaging.operation.type': 'send',
          'millrace.send.strategy': strategy,
          'millrace.send.bytes': bytes,
          'millrace.send.repeats': repeats,
          'millrace.send.invalid': invalid,
        },
      })
    }),
    listen('producer:failed', ({ records, message, ms }) => {
      const to = recorder.monotonic()
      recorder.record({
        name,
        kind: 'PRODUCER',
        from: to - ms,
        to,
        error: message,
        attributes: { ...logAttributes(log, 'send', records), 'messaging.operation.type': 'send' },
      })
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
