import { join } from 'node:path'
import type { RejectReason } from '../../event/outcome.ts'
import type {
  Ledger,
  LedgerEntry,
  LedgerSnapshot,
  MinuteRange,
  Sendable,
  Sending,
  Unknown,
} from '../../ledger/port.ts'
import {
  closeEnvironment,
  type Environment,
  logError,
  openEnvironment,
  openTable,
  type Table,
  transact,
} from './environment.ts'
import { LmdbLedger } from './ledger.ts'
import { type FileState, type Place, readSendings, SendingFiles } from './sending-files.ts'
import { viewIds, viewIdsJson } from './view-ids.ts'

/** How long entries are gathered for one transaction, in milliseconds: each costs a synchronisation with the disk. */
const GATHER_MS = 20

/** A transaction blocks this thread, so the next one waits four times as long as the last one took, when the disk is slow. */
const PAUSE_PER_COMMIT = 4
const LONGEST_GATHER_MS = 250

/** How long to wait for room on a full disk before the next look, in milliseconds. */
const FULL_DISK_PAUSE_MS = 1_000

const UNANSWERED = Buffer.from('unanswered')
const NOTHING = Buffer.alloc(0)

type Counts = Pick<Unknown, 'messages' | 'invalid'>

/**
 * The ledger of a log that has no transactions of ours, such as Kafka: in a directory of its own. What is sent is written down
 * before (sending-files.ts), and counted a moment after the acknowledgement. What never got one is read as unknown, also when the
 * process was killed.
 */
export class StandaloneLedger implements Ledger {
  readonly #environment: Environment
  readonly #ledger: LmdbLedger
  readonly #topic: string
  readonly #directory: string
  readonly #files: SendingFiles
  /** The ids of page views that were given up, by file and number the sendings that are not finished, and counts. */
  readonly #givenUp: Table
  readonly #states: Table
  readonly #counts: Table
  #gathered: LedgerEntry[] = []
  #finished: Place[] = []
  /** What could not be written because the disk was full, in its order. */
  #owed: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #gatherMs = GATHER_MS

  /** @throws MillraceError `file_unusable` */
  constructor(dataDir: string, topic: string) {
    this.#topic = topic
    this.#environment = openEnvironment(join(dataDir, 'ledger'))
    this.#ledger = new LmdbLedger(this.#environment, topic)
    this.#givenUp = openTable(this.#environment, `ledger-given-up:${topic}`)
    this.#states = openTable(this.#environment, `ledger-sendings:${topic}`)
    this.#counts = openTable(this.#environment, `ledger-unanswered:${topic}`)
    this.#directory = join(dataDir, 'ledger', `sendings-${encodeURIComponent(topic)}`)
    this.#files = new SendingFiles(this.#directory)
  }

  begin(messages: readonly Sendable[]): Sending {
    const counts = countsOf(messages)
    const place = this.#files.begin(counts, viewIdsJson(messages, this.#topic))
    return this.#sending(messages, counts, false, () => {
      this.#finished.push(place)
      this.#soon()
    })
  }

  read(range?: MinuteRange): LedgerSnapshot {
    // Files first: what is finished in between, the ledger counts.
    const sendings = readSendings(this.#directory)
    const snapshot = this.#ledger.read(range)
    const unknown = readCounts(this.#counts)
    const views = new Set<string>()
    for (const { key } of this.#givenUp.getRange({})) views.add(idOf(key))
    let { messages } = unknown
    for (const [name, lines] of sendings) {
      const state = this.#stateOf(name)
      for (const sent of lines) {
        if (sent.n < state.next && !state.open.includes(sent.n)) continue
        messages += sent.messages
        addTo(unknown.invalid, sent.invalid)
        for (const id of sent.views) views.add(id)
      }
    }
    for (const id of views) if (this.#ledger.knows(id)) views.delete(id)
    return { ...snapshot, unknown: { messages, invalid: unknown.invalid, views } }
  }

  async close(): Promise<void> {
    this.#files.close()
    this.#write()
    await closeEnvironment(this.#environment)
  }

  #sending(messages: readonly Sendable[], counts: Counts, mayBeThere: boolean, finish: () => void): Sending {
    let doubtful = mayBeThere
    return {
      acknowledged: () => {
        for (const { entry } of messages) this.#gathered.push(entry)
        this.#soon()
        finish()
      },
      unanswered: () => {
        doubtful = true
        this.#count(counts)
      },
      givenUp: () => {
        if (doubtful) this.#keepGivenUp(viewIds(messages, this.#topic))
        finish()
      },
      // What was written down stays until the last of them is finished.
      split: () => {
        let left = messages.length
        const finishOne = (): void => {
          left -= 1
          if (left === 0) finish()
        }
        return messages.map((message) => this.#sending([message], countsOf([message]), doubtful, finishOne))
      },
    }
  }

  /** At once: a process that is killed now must leave it behind. */
  #count({ messages, invalid }: Counts): void {
    this.#commit(() => {
      const counts = readCounts(this.#counts)
      addTo(counts.invalid, invalid)
      const now: Counts = { messages: counts.messages + messages, invalid: counts.invalid }
      this.#counts.putSync(UNANSWERED, Buffer.from(JSON.stringify(now)))
    })
  }

  #keepGivenUp(views: readonly string[]): void {
    this.#commit(() => {
      for (const id of views) this.#givenUp.putSync(keyOf(id), NOTHING)
    })
  }

  /** In one transaction with what is owed. On a full disk it is owed as well. */
  #commit(run: () => void): void {
    const owed = [...this.#owed, run]
    this.#owed = []
    try {
      transact(this.#environment, () => {
        for (const each of owed) each()
      })
    } catch (error) {
      this.#ledger.afterAbort()
      const { code } = logError(error, 'writing the ledger', this.#directory)
      if (code !== 'log_full') throw error
      this.#owed = owed
      this.#soon(FULL_DISK_PAUSE_MS)
    }
  }

  #soon(ms = this.#gatherMs): void {
    this.#timer ??= setTimeout(() => this.#write(), ms)
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const [entries, finished] = [this.#gathered, this.#finished]
    this.#gathered = []
    this.#finished = []
    if (entries.length > 0 || finished.length > 0 || this.#owed.length > 0) {
      const began = performance.now()
      for (const { file, n } of finished) file.open.delete(n)
      this.#commit(() => {
        this.#ledger.record(entries)
        this.#ledger.beforeCommit()
        for (const [name, state] of this.#files.states()) {
          this.#states.putSync(Buffer.from(name), Buffer.from(JSON.stringify(state)))
        }
      })
      const pauseMs = PAUSE_PER_COMMIT * (performance.now() - began)
      this.#gatherMs = Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, pauseMs))
    }
    if (this.#owed.length > 0) return
    const removed = this.#files.removeFinished()
    if (removed.length === 0) return
    this.#commit(() => {
      for (const name of removed) this.#states.removeSync(Buffer.from(name))
    })
  }

  #stateOf(name: string): FileState {
    const found = this.#states.get(Buffer.from(name))
    return found ? (JSON.parse(found.toString()) as FileState) : { next: 0, open: [] }
  }
}

type Growing = { messages: number; invalid: Partial<Record<RejectReason, number>> }

function countsOf(messages: readonly Sendable[]): Counts {
  const invalid: Growing['invalid'] = {}
  for (const { entry } of messages) {
    if (entry.kind === 'invalid') invalid[entry.reason] = (invalid[entry.reason] ?? 0) + 1
  }
  return { messages: messages.length, invalid }
}

function readCounts(table: Table): Growing {
  const found = table.get(UNANSWERED)
  return found ? (JSON.parse(found.toString()) as Growing) : { messages: 0, invalid: {} }
}

function addTo(
  sum: Partial<Record<RejectReason, number>>,
  more: Readonly<Partial<Record<RejectReason, number>>>,
): void {
  for (const [reason, n] of Object.entries(more) as [RejectReason, number][]) {
    sum[reason] = (sum[reason] ?? 0) + n
  }
}

function keyOf(eventId: string): Buffer {
  return Buffer.from(eventId.replaceAll('-', ''), 'hex')
}

function idOf(key: Buffer): string {
  return key.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
