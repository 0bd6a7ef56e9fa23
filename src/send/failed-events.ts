import { mkdirSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../errors.ts'
import type { LedgerEntry } from '../ledger/port.ts'
import type { Logger } from '../observe/logger.ts'
import type { Outgoing } from './outgoing.ts'

/** Where messages are kept that could not be sent. */
export function failedEventsDirectory(dataDir: string): string {
  return join(dataDir, 'failed-events')
}

/** A line of a failed-events file; bytes as base64. */
interface Line {
  failed_at: string
  reason: string
  partition: number
  timestamp_ms: number
  key: string | null
  value: string | null
  entry: LedgerEntry
}

export interface FailedEventsOptions {
  readonly directory: string
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Keeps messages that could not be sent: a file of JSON lines for each process, made with its first line. */
export class FailedEvents {
  readonly #options: FailedEventsOptions
  #file: Promise<FileHandle> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: FailedEventsOptions) {
    this.#options = options
  }

  /** Resolves when they are durable. Each is logged with its key and the reason. */
  keep(messages: readonly Outgoing[], reason: string): Promise<void> {
    const written = this.#writing.then(() => this.#write(messages, reason))
    this.#writing = written.catch(() => {})
    return written
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#leaveFile()
  }

  async #write(messages: readonly Outgoing[], reason: string): Promise<void> {
    const { logger, now } = this.#options
    for (const { key } of messages) {
      logger.error({ key: key && Buffer.from(key).toString() }, `An event could not be sent: ${reason}`)
    }
    const failedAt = new Date(now()).toISOString()
    const lines = messages.map((message) => JSON.stringify(lineOf(message, reason, failedAt)))
    try {
      this.#file ??= this.#open()
      const file = await this.#file
      await file.appendFile(`${lines.join('\n')}\n`)
      await file.datasync()
    } catch (error) {
      // Where a line was cut off nothing may follow it: the next ones go into another file.
      await this.#leaveFile()
      // The disk of the log is the disk of this file: when both are full the log line is what is left.
      logger.fatal({ lines }, `Events that could not be sent cannot be kept either: ${messageOf(error)}`)
    }
  }

  async #leaveFile(): Promise<void> {
    const file = await this.#file?.catch(() => undefined)
    this.#file = undefined
    await file?.close().catch(() => {})
  }

  #open(): Promise<FileHandle> {
    const { directory, now } = this.#options
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const name = `${new Date(now()).toISOString().replaceAll(':', '-')}-${process.pid}.ndjson`
    return open(join(directory, name), 'a', 0o600)
  }
}

/** The failed-events files of a data directory, oldest first. */
export async function listFailedEventFiles(dataDir: string): Promise<string[]> {
  const directory = failedEventsDirectory(dataDir)
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new MillraceError('file_unusable', `${directory} cannot be read: ${error.message}`, {
      cause: error,
    })
  })
  return names
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
    .map((name) => join(directory, name))
}

/**
 * The messages of a failed-events file. A line that was cut off by a crash, which can only be the last one, is left out.
 *
 * @throws MillraceError `file_unusable`, naming the line
 */
export async function readFailedEvents(file: string): Promise<Outgoing[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new MillraceError('file_unusable', `${file} cannot be read: ${error.message}`, { cause: error })
  })
  const lines = text.split('\n')
  const cutOff = lines.pop()
  if (lines.length === 0 && cutOff) throw notFailedEvents(file, 1)
  return lines.map((line, i) => {
    try {
      return outgoingOf(JSON.parse(line) as Line)
    } catch {
      throw notFailedEvents(file, i + 1)
    }
  })
}

function notFailedEvents(file: string, line: number): MillraceError {
  return new MillraceError('file_unusable', `${file}, line ${line}: this is no failed event`, {
    hint: 'Give a file that Millrace wrote into failed-events in its data directory.',
  })
}

function lineOf(
  { partition, key, value, timestampMs, entry }: Outgoing,
  reason: string,
  failedAt: string,
): Line {
  return {
    failed_at: failedAt,
    reason,
    partition,
    timestamp_ms: timestampMs,
    key: key && Buffer.from(key).toString('base64'),
    value: value && Buffer.from(value).toString('base64'),
    entry,
  }
}

function outgoingOf(line: Line): Outgoing {
  const { partition, timestamp_ms: timestampMs, entry } = line
  const bytes = (text: string | null): Buffer | null => {
    if (text !== null && typeof text !== 'string') throw new TypeError('neither text nor null')
    return text === null ? null : Buffer.from(text, 'base64')
  }
  if (!Number.isInteger(partition) || typeof timestampMs !== 'number' || typeof entry?.kind !== 'string') {
    throw new TypeError('no failed event')
  }
  return { partition, key: bytes(line.key), value: bytes(line.value), timestampMs, entry }
}
