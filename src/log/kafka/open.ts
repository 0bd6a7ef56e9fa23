import type { EventLog } from '../port.ts'
import { KafkaLog } from './log.ts'
import type { KafkaLogOptions } from './options.ts'
import { KafkaTopic } from './topic.ts'

export interface OpenedKafkaLog {
  readonly log: EventLog
  close(): Promise<void>
}

/**
 * Connects to a Kafka cluster and finds the topic; makes it when it is missing and that is allowed.
 *
 * @throws MillraceError `log_unavailable` when no broker answers, `log_refused` when credentials or certificates are wrong, or
 * the topic is missing and may not be made
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<OpenedKafkaLog> {
  const log = new KafkaLog(await KafkaTopic.open(options), options)
  return { log, close: () => log.close() }
}
