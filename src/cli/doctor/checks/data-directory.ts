import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from '../../../errors.ts'
import type { Check, Outcome } from '../check.ts'
import { nearestExisting } from '../paths.ts'

const MEND = 'Give this user the right to write there, or set MILLRACE_DATA_DIR to another directory.'

export const dataDirectoryCheck: Check = {
  name: 'data directory',
  run: ({ config }) => dataDirectoryOutcome(config.dataDir),
}

/** Whether this user may write in the data directory, or make it. */
export function dataDirectoryOutcome(dataDir: string): Outcome {
  const whole = resolve(dataDir)
  const there = nearestExisting(whole)
  if (!statSync(there).isDirectory()) {
    return {
      state: 'fail',
      detail: `${there} is no directory`,
      mend: 'Set MILLRACE_DATA_DIR to a directory, or to where one can be made.',
    }
  }
  try {
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return { state: 'fail', detail: messageOf(error), mend: MEND }
  }
  return { state: 'ok', detail: there === whole ? whole : `${whole}, which is made at the first start` }
}
