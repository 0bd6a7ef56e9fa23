import type { Ledger } from '../src/ledger/port.ts'
import { openKafkaLog } from '../src/log/kafka/open.ts'
import { openLmdbLog } from '../src/log/lmdb/open.ts'
import { StandaloneLedger } from '../src/log/lmdb/standalone-ledger.ts'
import type { EventLog } from '../src/log/port.ts'
import { type Stage, TOPIC } from './stage.ts'

/** The log and the ledger of a system, opened in this process beside those that belong to it. */
export interface OpenedLog extends AsyncDisposable {
  readonly log: EventLog
  readonly ledger: Ledger
}

export async function openLog({ dataDir, brokers }: Stage): Promise<OpenedLog> {
  if (!brokers) {
    const { log, ledger, close } = await openLmdbLog({ dataDir, topic: TOPIC })
    return { log, ledger, [Symbol.asyncDispose]: close }
  }
  const { log, close } = await openKafkaLog({
    brokers: brokers.cluster.bootstrap.split(','),
    topic: TOPIC,
    createTopic: false,
  })
  const ledger = new StandaloneLedger(dataDir, TOPIC)
  return {
    log,
    ledger,
    async [Symbol.asyncDispose]() {
      await close()
      await ledger.close()
    },
  }
}
