import type { Attributes } from '@opentelemetry/api'

/** The event log that messages come from or go to. */
export interface LogName {
  readonly system: 'kafka' | 'lmdb'
  readonly topic: string
}

/** In the names of OpenTelemetry's semantic conventions for messaging. */
export function logAttributes({ system, topic }: LogName, operation: string, messages: number): Attributes {
  return {
    'messaging.system': system,
    'messaging.destination.name': topic,
    'messaging.operation.name': operation,
    'messaging.batch.message_count': messages,
  }
}
