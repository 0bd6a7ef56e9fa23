import { messageOf } from '../../../errors.ts'
import { checkVersion } from '../../../store/access.ts'
import { type Check, failureOutcome } from '../check.ts'

/** Whether ClickHouse answers, takes the credentials, and is new enough. */
export const clickhouseCheck: Check = {
  name: 'ClickHouse',
  withinMs: 10_000,
  async run({ store }) {
    const found = await store()
    if (found === undefined) {
      return { state: 'ok', detail: 'the local server does not run; it is started by whoever needs it first' }
    }
    const url = found.url()
    try {
      return { state: 'ok', detail: `${url} answers, version ${await checkVersion(found.db)}` }
    } catch (error) {
      const { mend = 'Start it, or check MILLRACE_CLICKHOUSE_URL.' } = failureOutcome(error)
      return { state: 'fail', detail: `${url}: ${messageOf(error)}`, mend }
    }
  },
}
