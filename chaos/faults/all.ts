import { fullDisk } from './disk.ts'
import type { Fault } from './fault.ts'
import { clockJump, redelivery } from './log.ts'
import { cutConsumer, cutProducer, cutStore, slowLog, slowStore } from './network.ts'
import {
  killBroker,
  killClickHouse,
  killConsumer,
  killProducer,
  pauseBroker,
  pauseClickHouse,
  pauseConsumer,
  pauseProducer,
  storeAway,
} from './processes.ts'
import { secondRollUp } from './rollups.ts'

export const FAULTS: readonly Fault[] = [
  killProducer,
  killConsumer,
  killClickHouse,
  killBroker,
  pauseProducer,
  pauseConsumer,
  pauseClickHouse,
  pauseBroker,
  cutStore,
  slowStore,
  cutProducer,
  cutConsumer,
  slowLog,
  fullDisk,
  storeAway,
  clockJump,
  redelivery,
  secondRollUp,
]
