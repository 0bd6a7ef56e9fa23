import { setTimeout as sleep } from 'node:timers/promises'
import { RollUp } from '../../src/rollup/rollup.ts'
import { Database } from '../../src/store/database.ts'
import { readRetention } from '../../src/store/retention.ts'
import type { Fault } from './fault.ts'

/** The settings' own. */
const RETENTION = { rawTtlDays: 30, minuteTtlDays: 7 }

export const secondRollUp: Fault = {
  name: 'second-roll-up',
  does: 'another process computes the same windows at the same time, as fast as it can',
  weight: 2,
  applies: () => true,
  run: (stage, random) => {
    const ms = Math.round(random.between(1_000, 5_000))
    return stage.exclusively('second roll-up', async () => {
      const until = Date.now() + ms
      const db = new Database({
        endpoint: () => ({ ...stage.store, database: 'millrace' }),
        timeoutMs: 3_000,
      })
      let runs = 0
      try {
        while (Date.now() < until) {
          try {
            await new RollUp({ db, retention: await readRetention(db, RETENTION) }).run()
            runs += 1
          } catch {
            // The store is away, which is another fault's doing.
            await sleep(100)
          }
        }
      } finally {
        await db.close()
      }
      return `a second roll-up for ${ms} ms, ${runs} times through`
    })
  },
}
