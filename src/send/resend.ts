import { rename } from 'node:fs/promises'
import { eventIdOf } from '../event/identity.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import { readFailedEvents } from './failed-events.ts'
import type { Outgoing } from './outgoing.ts'

const MESSAGES_PER_APPEND = 500

export interface ResendOptions {
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly topic: string
  /** How many partitions the log has now. */
  readonly partitions: number
  /** Told after each append. */
  readonly progress?: (sent: number, of: number) => void
}

/**
 * Sends what a failed-events file holds, and puts `.sent` behind the file's name when all of it was acknowledged. Ended before
 * that, it sends everything again the next time, which counts nothing twice: keys stay the same, and the ledger knows them.
 *
 * @returns how many messages were sent
 * @throws MillraceError `file_unusable`, and what the log throws; the file stays as it is then
 */
export async function resendFile(file: string, options: ResendOptions): Promise<number> {
  const { writer, ledger, progress } = options
  const messages = (await readFailedEvents(file)).map((message) => again(message, options))
  for (let i = 0; i < messages.length; i += MESSAGES_PER_APPEND) {
    const some = messages.slice(i, i + MESSAGES_PER_APPEND)
    await writer.append(some, ledger.begin(some))
    progress?.(i + some.length, messages.length)
  }
  await rename(file, `${file}.sent`)
  return messages.length
}

/** Whether it arrived the first time is not always known, so the ledger looks whether it has this page view already. */
function again(message: Outgoing, { topic, partitions }: ResendOptions): Outgoing {
  const { key, entry } = message
  const partition = message.partition % partitions
  if (entry.kind !== 'view') return { ...message, partition }
  return {
    ...message,
    partition,
    entry: { ...entry, kind: 'view-once', eventId: eventIdOf(key, topic, partition, 0) },
  }
}
