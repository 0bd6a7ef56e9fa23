import { MillraceError } from '../../../errors.ts'
import { checkPort } from '../../start/ports.ts'
import type { Check } from '../check.ts'

/** Whether the local ClickHouse server gets the port that it is to have. It goes on with another one, but tools may count on this one. */
export const clickhousePortCheck: Check = {
  name: 'ClickHouse port',
  async run({ config, store }) {
    const port = config.clickhousePort
    if (config.clickhouseUrl !== '') return null
    const running = await store().catch(() => undefined)
    if (running) {
      const held = Number(new URL(running.url()).port)
      const instead = held === port || port === 0 ? '' : `, not ${port}, which was taken when it started`
      return { state: 'ok', detail: `${held} is held by our own ClickHouse server${instead}` }
    }
    if (port === 0) return { state: 'ok', detail: 'any free one is taken' }
    try {
      await checkPort('ClickHouse server', '127.0.0.1', port, 'MILLRACE_CLICKHOUSE_PORT')
      return { state: 'ok', detail: `${port} of 127.0.0.1 is free` }
    } catch (error) {
      if (!(error instanceof MillraceError && error.code === 'port_in_use')) throw error
      return {
        state: 'warn',
        detail: `${port} of 127.0.0.1 is held by another program, so the local server will take another port`,
        mend: 'Stop the other program, or set MILLRACE_CLICKHOUSE_PORT.',
      }
    }
  },
}
