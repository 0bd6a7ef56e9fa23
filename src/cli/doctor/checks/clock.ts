import { duration } from '../../../observe/words.ts'
import type { Database } from '../../../store/database.ts'
import type { Check, Outcome } from '../check.ts'
import { reachedStore } from '../reached-store.ts'

/** More than this is no matter of the network: ages and freshness are wrong by as much. */
const FAR_MS = 5_000

/** Whether the clocks of this machine and of ClickHouse agree. Brokers do not tell theirs. */
export const clockCheck: Check = {
  name: 'clock',
  withinMs: 10_000,
  async run(around) {
    const { config } = around
    const brokers = config.kafkaBrokers === '' ? '' : '; brokers do not tell theirs'
    if (config.clickhouseUrl === '') {
      return { state: 'ok', detail: `there is no other machine’s to compare with${brokers}` }
    }
    const store = await reachedStore(around)
    if (store === null) return null
    const { state, detail, ...rest } = clockOutcome(await skewOf(store.db))
    return { state, detail: `${detail}${brokers}`, ...rest }
  },
}

export interface Skew {
  /** How far the other clock is ahead, in milliseconds. */
  readonly aheadMs: number
  /** How far that may be wrong, since the question took a while. */
  readonly uncertainMs: number
}

async function skewOf(db: Database): Promise<Skew> {
  const system = db.alone({ database: 'system' })
  try {
    const asked = Date.now()
    const [row] = await system.query<{ now: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS now')
    const answered = Date.now()
    return { aheadMs: row!.now - (asked + answered) / 2, uncertainMs: (answered - asked) / 2 }
  } finally {
    await system.close()
  }
}

export function clockOutcome({ aheadMs, uncertainMs }: Skew): Outcome {
  const far = Math.abs(aheadMs)
  const which = aheadMs > 0 ? 'ahead of' : 'behind'
  const detail =
    far <= uncertainMs
      ? `that of ClickHouse agrees within ${duration(uncertainMs)}`
      : `that of ClickHouse is ${duration(far)} ${which} this one, give or take ${duration(uncertainMs)}`
  if (far - uncertainMs <= FAR_MS) return { state: 'ok', detail }
  return { state: 'warn', detail, mend: 'Let both machines keep time with NTP.' }
}
