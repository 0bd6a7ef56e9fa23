import { release } from 'node:os'
import { checkPlatform } from '../../compose.ts'
import type { Check } from '../check.ts'

/** Whether the local ClickHouse server can run here, when it is to run. */
export const platformCheck: Check = {
  name: 'platform',
  async run({ config }) {
    if (config.clickhouseUrl === '') await checkPlatform()
    return { state: 'ok', detail: `${process.platform} ${release()} on ${process.arch}` }
  },
}
