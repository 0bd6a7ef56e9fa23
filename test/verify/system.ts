import type { TestContext } from 'node:test'
import { MemoryLedger } from '../../src/ledger/memory-ledger.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { PartitionBounds } from '../../src/log/port.ts'
import { sliceStart } from '../../src/rollup/levels.ts'
import { RollUp } from '../../src/rollup/rollup.ts'
import { windowToMark } from '../../src/rollup/source.ts'
import { ClickHouseStore } from '../../src/store/clickhouse-store.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention, type Retention, type RetentionSettings } from '../../src/store/retention.ts'
import type { VerifyReport } from '../../src/verify/report.ts'
import { type VerifyOptions, verify } from '../../src/verify/verify.ts'
import { blocksOf } from '../helpers/page-view-rows.ts'
import { pageViewRow, uuidOf } from '../store/events.ts'

export const FOR_EVER = { rawTtlDays: 0, minuteTtlDays: 0 }
export const GROUP = 'millrace'

/** A log, a ledger and a consumer in small, all of which agree, over a real store. */
export class AuditedSystem {
  readonly db: Database
  readonly log = new MemoryLog({ partitions: 2 })
  readonly ledger = new MemoryLedger()
  readonly retention: Retention
  readonly settings: RetentionSettings
  readonly #store: ClickHouseStore
  readonly #rollUp: RollUp
  #n = 0

  private constructor(db: Database, settings: RetentionSettings, retention: Retention) {
    this.db = db
    this.settings = settings
    this.retention = retention
    this.#store = new ClickHouseStore({
      db,
      windowToMark: (startMs) => windowToMark(startMs, Date.now(), retention),
    })
    this.#rollUp = new RollUp({ db, retention })
  }

  static async create(t: TestContext, db: Database, settings = FOR_EVER): Promise<AuditedSystem> {
    const system = new AuditedSystem(db, settings, await applyRetention(db, settings, Date.now()))
    t.after(() => system.log.close())
    return system
  }

  /** Sends a page view, consumes it and marks its window. `copies` are sent, and only the first is stored. */
  async view(timestampMs: number, { pageId = '/a', copies = 1, stored = true } = {}): Promise<string> {
    const id = uuidOf(++this.#n)
    const row = pageViewRow({ eventId: id, view: { timestampMs, pageId } })
    const writer = await this.log.writer()
    const message = { ...row.view, timestamp: new Date(timestampMs).toISOString() }
    for (let copy = 0; copy < copies; copy++) {
      const record = {
        partition: 0,
        key: Buffer.from(id),
        value: Buffer.from(JSON.stringify(message)),
        timestampMs: Date.now(),
      }
      const entry =
        copy > 0
          ? ({ kind: 'repeat' } as const)
          : ({
              kind: 'view',
              pageId,
              timestampMs,
              durationMs: row.view.durationMs,
              isBounce: row.view.isBounce,
            } as const)
      const sending = this.ledger.begin([{ ...record, entry }])
      await writer.append([record], sending)
      if (copy > 0 || !stored) continue
      const [{ partition, end }] = (await this.log.bounds()) as [PartitionBounds]
      await this.#store.insertPageViews(blocksOf([{ ...row, partition, offset: end - 1 }]))
      await this.#store.markStale([sliceStart(timestampMs)])
    }
    await writer.close()
    return id
  }

  /** Commits all there is, and rolls up. */
  async settle(): Promise<void> {
    const reader = await this.log.reader(GROUP)
    await reader.commit((await this.log.bounds()).map(({ partition, end }) => ({ partition, offset: end })))
    await reader.close()
    await this.#rollUp.runToEnd()
  }

  verify(options: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
    return verify({
      db: this.db,
      log: this.log,
      ledger: this.ledger,
      topic: this.log.topic,
      group: GROUP,
      ...this.settings,
      patienceMs: 100,
      now: Date.now,
      ...options,
    })
  }
}
