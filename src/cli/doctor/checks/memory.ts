import { totalmem } from 'node:os'
import type { Config } from '../../../config/config.ts'
import { size } from '../../../observe/words.ts'
import type { Check, Outcome } from '../check.ts'

const MIB = 2 ** 20
/** Producer, consumer and what watches over them, with some room: docs/operations.md has figures. */
const SERVICES = 512 * MIB
/** The local ClickHouse server at rest. */
const CLICKHOUSE_AT_REST = 256 * MIB
/** With less than this at hand the system soon ends a process. */
const AT_HAND = 128 * MIB

export interface Memory {
  /** What the machine, or the container, has, in bytes. */
  readonly total: number
  /** What of it can be had now. */
  readonly available: number
}

export const memoryCheck: Check = {
  name: 'memory',
  run: ({ config }) => {
    // Without a limit of a container it is 0, or more than any machine has.
    const limit = process.constrainedMemory()
    const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
    return memoryOutcome({ total, available: process.availableMemory() }, config)
  },
}

export function memoryOutcome(
  { total, available }: Memory,
  { clickhouseUrl, clickhouseMemory }: Pick<Config, 'clickhouseUrl' | 'clickhouseMemory'>,
): Outcome {
  const isLocal = clickhouseUrl === ''
  const detail = `${size(total)}, ${size(available)} of it free`
  if (total < (isLocal ? SERVICES + CLICKHOUSE_AT_REST : SERVICES / 2)) {
    return { state: 'fail', detail: `${detail}, which is too little`, mend: 'Run it where there is more.' }
  }
  if (isLocal && total < clickhouseMemory + SERVICES) {
    return {
      state: 'warn',
      detail: `${detail}, and the local ClickHouse server may take ${size(clickhouseMemory)}`,
      mend: `Set MILLRACE_CLICKHOUSE_MEMORY to ${Math.floor(Math.max(CLICKHOUSE_AT_REST, total - SERVICES) / MIB)}M or less.`,
    }
  }
  if (available < AT_HAND) return { state: 'warn', detail, mend: 'End what else takes memory.' }
  return { state: 'ok', detail }
}
