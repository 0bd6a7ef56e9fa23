import { MillraceError } from '../errors.ts'
import { LIMITS } from '../event/page-view.ts'
import type { OutgoingRecord } from './port.ts'

/**
 * Refuses what no log takes: an unknown partition, a key or a value over the limit.
 *
 * @throws MillraceError `log_refused`
 */
export function checkRecord({ partition, key, value }: OutgoingRecord, partitions: number): void {
  if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
    throw new MillraceError(
      'log_refused',
      `there is no partition ${partition}: they go from 0 to ${partitions - 1}`,
    )
  }
  if (key !== null && key.length > LIMITS.keyBytes) {
    throw new MillraceError('log_refused', `the key has ${key.length} bytes, more than ${LIMITS.keyBytes}`)
  }
  if (value !== null && value.length > LIMITS.messageBytes) {
    throw new MillraceError(
      'log_refused',
      `the value has ${value.length} bytes, more than ${LIMITS.messageBytes}`,
    )
  }
}
