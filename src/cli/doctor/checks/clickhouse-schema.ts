import { missingMigrations } from '../../../store/migrate.ts'
import type { Check } from '../check.ts'
import { reachedStore } from '../reached-store.ts'

/** Whether the tables are those of this program. */
export const clickhouseSchemaCheck: Check = {
  name: 'ClickHouse tables',
  withinMs: 10_000,
  async run(around) {
    const store = await reachedStore(around)
    if (store === null) return null
    const { db } = store
    const { missing, isEmpty } = await missingMigrations(db)
    if (missing.length === 0) return { state: 'ok', detail: `the database ${db.name} is up to date` }
    return {
      state: 'warn',
      detail: isEmpty
        ? `the database ${db.name} has none yet`
        : `those of the database ${db.name} are older than this program: ${missing.join(', ')} not applied`,
      mend: 'Start the consumer with -init-schema once; `millrace start` does that.',
    }
  },
}
