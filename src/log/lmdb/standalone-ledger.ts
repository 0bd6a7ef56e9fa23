import { join } from 'node:path'
import type { Ledger, LedgerEntry, LedgerSnapshot } from '../../ledger/port.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { LmdbLedger } from './ledger.ts'

/**
 * The ledger of a log that has no transactions of ours, such as Kafka: in a directory of its own, written right after the
 * acknowledgement. A process that is killed between the two has sent messages that its ledger does not know; `verify` says so.
 */
export class StandaloneLedger implements Ledger {
  readonly #environment: Environment
  readonly #ledger: LmdbLedger

  /** @throws MillraceError `file_unusable` */
  constructor(dataDir: string, topic: string) {
    this.#environment = openEnvironment(join(dataDir, 'ledger'))
    this.#ledger = new LmdbLedger(this.#environment, topic)
  }

  record(entries: readonly LedgerEntry[]): void {
    this.#environment.transactionSync(() => {
      this.#ledger.record(entries)
      this.#ledger.beforeCommit()
    })
  }

  read(): LedgerSnapshot {
    return this.#ledger.read()
  }

  async close(): Promise<void> {
    await this.#environment.close()
  }
}
