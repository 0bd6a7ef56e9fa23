import type { KeyObject } from 'node:crypto'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import type { Outgoing } from '../send/outgoing.ts'
import { emptyCounts, type FileCounts } from './counts.ts'
import type { FileToRead } from './lines.ts'
import { eventIdOfLine, type LoggedView, loggedView, type MessageOptions, messageOf } from './messages.ts'
import { Occurrences } from './occurrences.ts'
import { type ReadOptions, readPageViews } from './read-log.ts'
import { type FinishedView, Visits } from './visits.ts'

export interface ReplayFileOptions extends MessageOptions, ReadOptions {
  /** With its retries around it. */
  readonly writer: LogWriter
  readonly ledger: Ledger
  /** Added to each time, in milliseconds. */
  readonly shiftMs: number
  readonly visitorKey: KeyObject
  /** Messages at the beginning that an earlier run has sent. */
  readonly skip: number
  /** Told after each append how many messages of the file have been sent, those of an earlier run too. */
  readonly onSent: (sent: number) => void
}

export interface ReplayedFile extends FileCounts {
  /** Messages that were acknowledged, now or in an earlier run. */
  sent: number
  /** Of them those that an earlier run had sent. */
  skipped: number
  visits: number
  /** Whether it was read and sent to its end. */
  complete: boolean
}

const MESSAGES_PER_APPEND = 500

/** Sends the page views of one file: lines → page views → visits → messages → log. */
export async function replayFile(file: FileToRead, options: ReplayFileOptions): Promise<ReplayedFile> {
  const { shiftMs, signal } = options
  const counts = emptyCounts()
  const occurrences = new Occurrences()
  const visits = new Visits<LoggedView>()
  const sender = new Sender(options)
  for await (const views of readPageViews(file, counts, options)) {
    for (const { line, parsed } of views) {
      const eventId = eventIdOfLine(line.bytes, occurrences.count(line.bytes), shiftMs)
      sender.add(visits.add(loggedView(parsed, eventId, options)))
    }
    await sender.sendFull()
    if (signal?.aborted) break
  }
  if (!signal?.aborted) {
    sender.add(visits.end())
    await sender.sendAll()
  }
  // Interrupted again before it came to where the last run ended, it has still sent what that run sent.
  const sent = Math.max(sender.sent, options.skip)
  return { ...counts, sent, skipped: options.skip, visits: visits.visits, complete: !signal?.aborted }
}

/** Gathers messages and appends them, one append after the other, so that `sent` says exactly which of them arrived. */
class Sender {
  readonly #options: ReplayFileOptions
  #waiting: FinishedView<LoggedView>[] = []
  sent = 0

  constructor(options: ReplayFileOptions) {
    this.#options = options
  }

  add(views: readonly FinishedView<LoggedView>[]): void {
    for (const view of views) {
      if (this.sent < this.#options.skip) this.sent += 1
      else this.#waiting.push(view)
    }
  }

  /** Sends all but what is too little for an append. */
  async sendFull(): Promise<void> {
    const full = Math.floor(this.#waiting.length / MESSAGES_PER_APPEND) * MESSAGES_PER_APPEND
    await this.#send(this.#waiting.slice(0, full))
    this.#waiting = this.#waiting.slice(full)
  }

  async sendAll(): Promise<void> {
    await this.#send(this.#waiting)
    this.#waiting = []
  }

  async #send(views: readonly FinishedView<LoggedView>[]): Promise<void> {
    const { signal, onSent } = this.#options
    for (let i = 0; i < views.length && !signal?.aborted; i += MESSAGES_PER_APPEND) {
      const messages = views.slice(i, i + MESSAGES_PER_APPEND).map((view) => messageOf(view, this.#options))
      await this.#append(messages)
      this.sent += messages.length
      onSent(this.sent)
    }
  }

  #append(messages: readonly Outgoing[]): Promise<void> {
    const { writer, ledger } = this.#options
    return writer.append(messages, ledger.begin(messages))
  }
}
