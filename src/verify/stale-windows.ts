import type { Database } from '../store/database.ts'
import type { LevelTable } from './levels.ts'
import { AUDIT_SETTINGS } from './limits.ts'

const SECONDS = { slice: 5, minute: 60, hour: 3_600 } as const

/** Windows that wait for the roll-up: what they and the windows above them say is not final. */
export class StaleWindows {
  readonly #starts = new Set<string>()
  readonly total: number

  constructor(windows: readonly { readonly level: keyof typeof SECONDS; readonly start: number }[]) {
    this.total = windows.length
    for (const { level, start } of windows) {
      for (const above of ['slice', 'minute', 'hour'] as const) {
        if (SECONDS[above] < SECONDS[level]) continue
        this.#starts.add(`${above} ${Math.floor(start / SECONDS[above]) * SECONDS[above]}`)
      }
    }
  }

  /** @param window its start, in seconds since the epoch */
  has({ check }: LevelTable, window: number): boolean {
    return this.#starts.has(`${check} ${window}`)
  }

  static none(): StaleWindows {
    return new StaleWindows([])
  }

  static async read(db: Database): Promise<StaleWindows> {
    return new StaleWindows(
      await db.query(
        `SELECT DISTINCT toString(level) AS level, toUnixTimestamp(window_start) AS start FROM (
           SELECT level, window_start FROM rollup_windows
           GROUP BY level, window_start, writer HAVING max(marked) > max(rolled))`,
        { settings: AUDIT_SETTINGS },
      ),
    )
  }
}
