import { bytesToShow, type Shown, show, showText } from '../dead-letters/display.ts'
import type { Database } from '../store/database.ts'
import { countErrors, type DeadLetter, listErrors } from '../store/dead-letters.ts'

/** Messages that were no page views and are still open: how many for each reason, and the last ones. */
export interface Rejected {
  total: number
  by_reason: { reason: string; count: number }[]
  samples: RejectedMessage[]
}

export interface RejectedMessage {
  topic: string
  partition: number
  offset: number
  rejected_at: string
  reason: string
  detail: string
  /** Null when the message had none. */
  key: Shown | null
  value: Shown | null
}

const SAMPLES = 20
/** Characters of a message's bytes; `millrace dead-letters show` gives all of them. */
const SHOWN_CHARACTERS = 2_000

/** @param reason samples of this reason only; counts are of all */
export async function readRejected(db: Database, reason?: string): Promise<Rejected> {
  const [counts, letters] = await Promise.all([
    countErrors(db, { resolved: false }),
    listErrors(db, {
      resolved: false,
      limit: SAMPLES,
      bytesAtMost: bytesToShow(SHOWN_CHARACTERS),
      ...(reason === undefined ? {} : { reason }),
    }),
  ])
  return {
    total: counts.reduce((sum, { count }) => sum + count, 0),
    by_reason: counts,
    samples: letters.map(sampleOf),
  }
}

function sampleOf({ topic, partition, offset, reason, detail, key, value, rejectedAtMs }: DeadLetter) {
  return {
    topic,
    partition,
    offset,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    reason,
    detail: showText(detail),
    key: key && show(key, SHOWN_CHARACTERS),
    value: value && show(value, SHOWN_CHARACTERS),
  }
}
