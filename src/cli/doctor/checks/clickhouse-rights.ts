import { checkMayWrite, mayMakeTables } from '../../../store/access.ts'
import { missingMigrations } from '../../../store/migrate.ts'
import type { Check } from '../check.ts'
import { reachedStore } from '../reached-store.ts'

/** Whether the user may write, by writing no rows; or make the tables, when there are none. */
export const clickhouseRightsCheck: Check = {
  name: 'ClickHouse rights',
  withinMs: 10_000,
  async run(around) {
    const store = await reachedStore(around)
    if (store === null) return null
    const user = around.config.clickhouseUser
    const { isEmpty } = await missingMigrations(store.db)
    if (!isEmpty) {
      await checkMayWrite(store.db)
      return { state: 'ok', detail: `${user} may write` }
    }
    if (await mayMakeTables(store.db)) return { state: 'ok', detail: `${user} may make the tables` }
    return {
      state: 'fail',
      detail: `there are no tables, and ${user} may not make them`,
      mend: 'Grant what docs/clickhouse.md names, or let another user start the consumer with -init-schema once.',
    }
  },
}
