import { join } from 'node:path'
import type { Ledger } from '../../ledger/port.ts'
import type { EventLog } from '../port.ts'
import { openEnvironment } from './environment.ts'
import { LmdbLedger } from './ledger.ts'
import { LmdbLog } from './log.ts'
import { Positions } from './positions.ts'
import type { Retention } from './retention.ts'
import { Topic } from './topic.ts'

export interface LmdbLogOptions {
  readonly dataDir: string
  readonly topic: string
  /** Of a topic that is new; one that exists keeps its number. 6 by default. */
  readonly partitions?: number
  /** Applied while this process has a writer. Nothing is removed by default. */
  readonly retention?: Retention
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export interface OpenedLmdbLog {
  readonly log: EventLog
  /** Recorded in the same transactions that append. */
  readonly ledger: Ledger
  close(): Promise<void>
}

/**
 * Opens the embedded event log of a data directory, made when it is missing, and the ledger beside it.
 *
 * @throws MillraceError `file_unusable` when the directory cannot be used or holds something else
 */
export async function openLmdbLog(options: LmdbLogOptions): Promise<OpenedLmdbLog> {
  const { dataDir, topic: name, partitions = 6, retention, now = Date.now } = options
  const directory = join(dataDir, 'log')
  const records = openEnvironment(directory)
  const groupsDirectory = join(dataDir, 'groups')
  const groups = openEnvironment(groupsDirectory)
  const topic = new Topic(records, name, partitions)
  const ledger = new LmdbLedger(records, name)
  const log = new LmdbLog({
    environments: [records, groups],
    directory,
    topic,
    positions: new Positions(groups, groupsDirectory, name, topic.id),
    companion: ledger,
    retention,
    now,
  })
  return { log, ledger, close: () => log.close() }
}
