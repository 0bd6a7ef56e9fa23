import { MemoryLedger } from '../../src/ledger/memory-ledger.ts'
import type { Ledger, LedgerSnapshot, LedgerWindow, MinuteRange } from '../../src/ledger/port.ts'
import type { EventLog, FetchLimit } from '../../src/log/port.ts'
import type { RecordBatch } from '../../src/log/record-batch.ts'
import type { Database } from '../../src/store/database.ts'

const EMPTY = new MemoryLedger().read()

/** A log of one partition whose records are made when they are read: message n repeats the one before when n % 100 is 99. */
export class StandInLog implements EventLog {
  readonly topic = 'page-views'
  readonly partitions = 1
  readonly #events: number
  readonly #fromMs: number
  readonly #spanMs: number

  constructor(events: number, fromMs: number, spanMs: number) {
    this.#events = events
    this.#fromMs = fromMs
    this.#spanMs = spanMs
  }

  async bounds() {
    return [{ partition: 0, earliest: 0, end: this.#events }]
  }

  async committed() {
    return [{ partition: 0, offset: this.#events }]
  }

  async read(partition: number, offset: number, { maxRecords }: FetchLimit): Promise<RecordBatch | null> {
    const length = Math.min(maxRecords, this.#events - offset)
    if (length <= 0) return null
    const batch = {
      partition,
      length,
      offsets: new Float64Array(length),
      timestamps: new Float64Array(length),
      keys: new Int32Array(2 * length),
      values: new Int32Array(2 * length),
    }
    let text = ''
    for (let i = 0; i < length; i++) {
      const n = offset + i
      const event = n % 100 === 99 ? n - 1 : n
      const time = this.#fromMs + Math.floor((event * this.#spanMs) / this.#events)
      batch.offsets[i] = n
      batch.timestamps[i] = time
      batch.keys[2 * i] = text.length
      text += `00000000-0000-8000-8000-${event.toString(16).padStart(12, '0')}`
      batch.keys[2 * i + 1] = text.length
      batch.values[2 * i] = text.length
      text += `{"page_id":"/page","timestamp":"${new Date(time).toISOString()}"}`
      batch.values[2 * i + 1] = text.length
    }
    return { ...batch, bytes: Buffer.from(text, 'latin1') }
  }

  writer(): never {
    throw new Error('it is only read')
  }

  reader(): never {
    throw new Error('it is only read')
  }

  async close(): Promise<void> {}
}

/** A ledger that says what the store holds. */
export class StandInLedger implements Ledger {
  readonly #windows: readonly LedgerWindow[]
  readonly #messages: number

  private constructor(windows: readonly LedgerWindow[], messages: number) {
    this.#windows = windows
    this.#messages = messages
  }

  static async of(db: Database, messages: number): Promise<StandInLedger> {
    return new StandInLedger(
      await db.query<LedgerWindow>(
        `SELECT toUnixTimestamp(toStartOfMinute(slice)) * 1000 AS minute, page_id AS pageId, count() AS views,
                countIf(is_bounce) AS bounces, sum(duration_ms) AS durationMs
         FROM page_views_raw GROUP BY minute, page_id`,
      ),
      messages,
    )
  }

  begin(): never {
    throw new Error('it is only read')
  }

  read(range: MinuteRange = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY }): LedgerSnapshot {
    const repeats = Math.floor(this.#messages / 100)
    const windows = this.#windows.filter(({ minute }) => minute >= range.fromMs && minute < range.untilMs)
    return { ...EMPTY, messages: this.#messages, views: this.#messages - repeats, repeats, windows }
  }
}
