import type { Static } from 'typebox'
import { answerOf } from '../dead-letters/answers.ts'
import { bytesToShow } from '../dead-letters/display.ts'
import type { Database } from '../store/database.ts'
import { countErrors, listErrors } from '../store/dead-letters.ts'
import type { RejectedAnswer } from './live-answers.ts'

/** Messages that were no page views and are still open: how many for each reason, and the last ones. */
export type Rejected = Static<typeof RejectedAnswer>

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
    samples: letters.map((letter) => answerOf(letter, SHOWN_CHARACTERS)),
  }
}
