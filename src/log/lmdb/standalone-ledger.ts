import { join } from 'node:path'
import type { DoubtedEntry, Doubts, Ledger, LedgerEntry, LedgerSnapshot } from '../../ledger/port.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { LmdbLedger } from './ledger.ts'

/** How long entries are gathered for one transaction, in milliseconds: each costs a synchronisation with the disk. */
const GATHER_MS = 20

/**
 * The ledger of a log that has no transactions of ours, such as Kafka: in a directory of its own, written a moment after the
 * acknowledgement. A process that is killed between the two has sent messages that its ledger does not know; `verify` says so.
 */
export class StandaloneLedger implements Ledger {
  readonly #environment: Environment
  readonly #ledger: LmdbLedger
  #gathered: LedgerEntry[] = []
  #timer: NodeJS.Timeout | undefined

  /** @throws MillraceError `file_unusable` */
  constructor(dataDir: string, topic: string) {
    this.#environment = openEnvironment(join(dataDir, 'ledger'))
    this.#ledger = new LmdbLedger(this.#environment, topic)
  }

  record(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) this.#gathered.push(entry)
    this.#timer ??= setTimeout(() => this.#write(), GATHER_MS)
  }

  read(): LedgerSnapshot {
    return this.#ledger.read()
  }

  doubt(entries: readonly DoubtedEntry[]): void {
    this.#ledger.doubt(entries)
  }

  doubts(): Doubts {
    return this.#ledger.doubts()
  }

  async close(): Promise<void> {
    this.#write()
    await this.#environment.close()
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const entries = this.#gathered
    this.#gathered = []
    if (entries.length === 0) return
    this.#environment.transactionSync(() => {
      this.#ledger.record(entries)
      this.#ledger.beforeCommit()
    })
  }
}
