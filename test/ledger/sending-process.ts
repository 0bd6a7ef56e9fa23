import { setTimeout as sleep } from 'node:timers/promises'
import { StandaloneLedger } from '../../src/log/lmdb/standalone-ledger.ts'
import { outgoing } from '../send/messages.ts'

// Sends three page views, gets answers for two, says so, and waits to be killed.
const ledger = new StandaloneLedger(process.argv[2]!, 'page-views')
ledger.begin([outgoing(1)]).acknowledged()
ledger.begin([outgoing(2)]).acknowledged()
ledger.begin([outgoing(3)])
await sleep(100)
process.stdout.write('sent\n')
setInterval(() => {}, 1_000)
