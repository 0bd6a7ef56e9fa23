import { checkMayWrite } from '../../../store/access.ts'
import { missingMigrations } from '../../../store/migrate.ts'
import type { Check } from '../check.ts'
import { reachedStore } from '../reached-store.ts'

/** Whether the user may write, by writing no rows. Without tables there is nothing to try it on. */
export const clickhouseRightsCheck: Check = {
  name: 'ClickHouse rights',
  withinMs: 10_000,
  async run(around) {
    const store = await reachedStore(around)
    if (store === null || (await missingMigrations(store.db)).isEmpty) return null
    await checkMayWrite(store.db)
    return { state: 'ok', detail: `${around.config.clickhouseUser} may write` }
  },
}
