import { listen } from '../observe/events.ts'
import { type LogName, logAttributes } from './log-attributes.ts'
import type { Past, Recorder } from './recorder.ts'

/**
 * Makes a span of each of the producer's sends: of each append, however many events it takes.
 *
 * @returns ends it
 */
export function sendSpans(recorder: Recorder, log: LogName): () => void {
  const record = (messages: number, ms: number, outcome: Pick<Past, 'attributes' | 'error'>): void => {
    const to = recorder.monotonic()
    recorder.record({
      ...outcome,
      name: `send ${log.topic}`,
      kind: 'PRODUCER',
      from: to - ms,
      to,
      attributes: {
        ...logAttributes(log, 'send', messages),
        'messaging.operation.type': 'send',
        ...outcome.attributes,
      },
    })
  }
  const stops = [
    listen('producer:sent', ({ strategy, records, bytes, repeats, invalid, ms }) =>
      record(records, ms, {
        attributes: {
          'millrace.send.strategy': strategy,
          'millrace.send.bytes': bytes,
          'millrace.send.repeats': repeats,
          'millrace.send.invalid': invalid,
        },
      }),
    ),
    listen('producer:failed', ({ records, message, ms }) => record(records, ms, { error: message })),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
