import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import type { System } from '../helpers/system.ts'

/** Puts values into the log of a system, as some other sender might. */
export async function appendValues(system: System, values: readonly (string | Buffer)[]): Promise<void> {
  const { log, close } = await openLmdbLog({ dataDir: system.dataDir, topic: 'page-views' })
  const records = values.map((value) => ({
    partition: 0,
    key: null,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    timestampMs: Date.now(),
  }))
  await (await log.writer()).append(records)
  await close()
}
