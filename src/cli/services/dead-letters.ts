import type { Config } from '../../config/config.ts'
import { replayCorrected } from '../../dead-letters/replay.ts'
import type { DeadLetterRoutes } from '../../dead-letters/routes.ts'
import { maxEventAge } from '../../event/max-age.ts'
import type { LogWriter } from '../../log/port.ts'
import type { Database } from '../../store/database.ts'
import type { OpenedLog } from '../compose.ts'
import { openWriter } from '../writer.ts'

/** What the routes of dead letters need of the consumer's process. The log is opened for writing when the first one is sent. */
export function deadLettersOf(
  config: Config,
  { log, ledger }: Pick<OpenedLog, 'log' | 'ledger'>,
  db: Database,
): DeadLetterRoutes {
  let writer: Promise<LogWriter> | undefined
  return {
    db,
    limits: () => ({
      nowMs: Date.now(),
      maxAgeMs: maxEventAge(config.rawTtlDays, config.lateMargin),
      maxFutureMs: config.maxFuture,
    }),
    replay: async (corrected, by) => {
      writer ??= openWriter(log, config)
      writer.catch(() => {
        writer = undefined
      })
      const options = { db, writer: await writer, ledger, partitions: log.partitions, by, now: Date.now }
      return replayCorrected(corrected, options)
    },
  }
}
