import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog } from '../log/port.ts'
import type { Database } from '../store/database.ts'

/** What an audit waits for, so that what is on its way is not taken for missing. */
export interface Settling {
  readonly log: EventLog
  readonly group: string
  readonly db: Database
  /** How long to wait without any progress, in milliseconds. */
  readonly patienceMs: number
  readonly signal?: AbortSignal
  /** Told while it waits, for people: what it waits for. */
  readonly waiting?: (what: string) => void
}

const POLL_MS = 200

/**
 * Waits until the consumer has committed everything that is in the log now.
 *
 * @returns how many messages are left; 0 unless nothing moved for the time of patience
 */
export async function untilConsumed({ log, group, ...rest }: Settling): Promise<number> {
  const ends = await log.bounds()
  return untilZero(rest, 'messages for the consumer', async () => {
    const committed = new Map(
      (await log.committed(group)).map(({ partition, offset }) => [partition, offset]),
    )
    return ends.reduce((left, { partition, earliest, end }) => {
      return left + Math.max(0, end - Math.max(earliest, committed.get(partition) ?? 0))
    }, 0)
  })
}

/**
 * Waits until the roll-up has seen everything that is marked now. A window that changes again and again is never settled, so
 * it counts until it was computed from what was there at this moment, and not until it rests.
 *
 * @returns how many windows are left; 0 unless nothing moved for the time of patience
 */
export async function untilRolledUp({ db, ...rest }: Settling): Promise<number> {
  const [now] = await db.query<{ marked: number }>(
    'SELECT toUnixTimestamp64Milli(max(marked_at)) AS marked FROM rollup_windows',
  )
  const until = now?.marked ?? 0
  return untilZero(rest, 'windows for the roll-up', async () => {
    const [stale] = await db.query<{ windows: number }>(
      `SELECT uniqExact(level, window_start) AS windows FROM (
         SELECT level, window_start FROM rollup_windows
         GROUP BY level, window_start, writer
         HAVING max(marked) > max(rolled)
           AND greatest(min(first_at), max(rolled_at)) <= fromUnixTimestamp64Milli({until:Int64}, 'UTC'))`,
      { params: { until } },
    )
    return stale?.windows ?? 0
  })
}

async function untilZero(
  settling: Omit<Settling, 'log' | 'group' | 'db'>,
  what: string,
  count: () => Promise<number>,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  let movedAt = Date.now()
  for (;;) {
    const left = await count()
    if (left === 0) return 0
    if (left < least) {
      least = left
      movedAt = Date.now()
    }
    if (settling.signal?.aborted || Date.now() - movedAt > settling.patienceMs) return left
    settling.waiting?.(`${left} ${what}`)
    await sleep(POLL_MS)
  }
}
