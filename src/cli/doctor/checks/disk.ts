import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../../config/config.ts'
import { size } from '../../../observe/words.ts'
import type { Check, Outcome } from '../check.ts'
import { nearestExisting } from '../paths.ts'

const MIB = 2 ** 20
/** Below this the log or ClickHouse soon has no room for a write. */
const TOO_LITTLE = 64 * MIB
const LITTLE = 2_048 * MIB
/** A part of a table of ClickHouse is some files. */
const TOO_FEW_FILES = 1_000

export interface Disk {
  /** What this user may still write, in bytes. */
  readonly room: number
  readonly total: number
  /** How many files can still be made; Infinity where that has no limit. */
  readonly files: number
  /** What the embedded log takes already. */
  readonly log: number
}

export const diskCheck: Check = {
  name: 'disk',
  run: ({ config }) => {
    const { bavail, blocks, bsize, files, ffree } = statfsSync(nearestExisting(config.dataDir))
    return diskOutcome(
      {
        room: bavail * bsize,
        total: blocks * bsize,
        files: files === 0 ? Number.POSITIVE_INFINITY : ffree,
        log: sizeOf(join(config.dataDir, 'log', 'data.mdb')),
      },
      config,
    )
  },
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

export function diskOutcome(
  { room, total, files, log }: Disk,
  { kafkaBrokers, logRetentionBytes }: Pick<Config, 'kafkaBrokers' | 'logRetentionBytes'>,
): Outcome {
  const detail = `${size(room)} of ${size(total)} free`
  if (room < TOO_LITTLE) return { state: 'fail', detail, mend: 'Make room on the disk of MILLRACE_DATA_DIR.' }
  if (files < TOO_FEW_FILES) {
    return {
      state: 'fail',
      detail: `only ${files} more files can be made (inodes)`,
      mend: 'Remove files there.',
    }
  }
  if (room < LITTLE) return { state: 'warn', detail, mend: 'Make room on the disk of MILLRACE_DATA_DIR.' }
  if (kafkaBrokers === '' && room + log < logRetentionBytes) {
    return {
      state: 'warn',
      detail: `${detail}, and the embedded log may grow to ${size(logRetentionBytes)}`,
      mend: 'Make room, or lower MILLRACE_LOG_RETENTION_BYTES.',
    }
  }
  return { state: 'ok', detail }
}
