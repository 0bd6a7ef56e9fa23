import type { Fault } from '../fault.ts'
import { BROKERS } from './brokers.ts'
import { DISK } from './disk.ts'
import { LOG } from './log.ts'
import { NETWORK } from './network.ts'
import { PROCESSES } from './processes.ts'

/** Everything that can go wrong here. */
export const FAULTS: readonly Fault[] = [...PROCESSES, ...BROKERS, ...NETWORK, ...DISK, ...LOG]
