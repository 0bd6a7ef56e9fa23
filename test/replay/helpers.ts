import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { WirePageView } from '../../src/event/page-view.ts'
import { CertainSending } from '../../src/ledger/certain.ts'
import type { Ledger, LedgerEntry } from '../../src/ledger/port.ts'
import type { LogWriter } from '../../src/log/port.ts'
import type { ReplayOptions } from '../../src/replay/replay.ts'

export const REAL_LOGS = ['apache-semicomplete.access.log.gz', 'nginx-erddap.access.log.gz'].map((name) =>
  resolve(import.meta.dirname, '../data', name),
)
export const INDEPENDENT_COUNT = resolve(import.meta.dirname, 'independent_count.py')

export interface SentMessage {
  readonly partition: number
  readonly key: string
  readonly value: string
}

/** An event log and a ledger that keep all that is sent to them. */
export class Sent {
  readonly messages: SentMessage[] = []
  readonly entries: LedgerEntry[] = []
  /** Called before each append; what it throws is the append's error. */
  before: (append: number) => void = () => {}
  #appends = 0

  readonly ledger: Ledger = {
    begin: (messages) =>
      new CertainSending(messages, (entries) => {
        this.entries.push(...entries)
      }),
    read: () => {
      throw new Error('a replay does not read the ledger')
    },
  }

  readonly writer: LogWriter = {
    append: async (records, alongside) => {
      this.before(this.#appends++)
      alongside?.acknowledged()
      for (const { partition, key, value } of records) {
        this.messages.push({
          partition,
          key: Buffer.from(key!).toString(),
          value: Buffer.from(value!).toString(),
        })
      }
    },
    close: async () => {},
  }

  events(): WirePageView[] {
    return this.messages.map(({ value }) => JSON.parse(value) as WirePageView)
  }
}

export function replayOptions(
  sent: Sent,
  dataDir: string,
  overrides: Partial<ReplayOptions> = {},
): ReplayOptions {
  return {
    writer: sent.writer,
    ledger: sent.ledger,
    partitions: 6,
    dataDir,
    maxAgeMs: null,
    maxFutureMs: 300_000,
    shiftToNow: false,
    now: () => Date.UTC(2026, 0, 1),
    signal: new AbortController().signal,
    progress: () => {},
    ...overrides,
  }
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-replay-test-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function temporaryFile(t: TestContext, content: string | Buffer): Promise<string> {
  const path = join(await temporaryDirectory(t), 'access.log')
  await writeFile(path, content)
  return path
}

/** A line in combined form. `at` is seconds after 2015-05-17T10:00:00Z. */
export function logLine({ host = '192.0.2.1', at = 0, path = '/', status = 200, agent = 'A' } = {}): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(
    new Date(Date.UTC(2015, 4, 17, 10) + at * 1_000).toUTCString(),
  )!
  return `${host} - - [${day}/${month}/${year}:${time} +0000] "GET ${path} HTTP/1.1" ${status} 12 "-" "${agent}"\n`
}
