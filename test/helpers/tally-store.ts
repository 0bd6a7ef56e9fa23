import assert from 'node:assert/strict'
import type { PageViewBlock } from '../../src/store/page-view-block.ts'
import type { ErrorRow, Store } from '../../src/store/port.ts'
import { rowsOf } from './page-view-rows.ts'

/** A store that keeps only which places of the log became rows of what: memory that grows is then not its own. */
export class TallyStore implements Store {
  readonly views = new Set<string>()
  readonly errors = new Map<string, string>()

  async insertPageViews(blocks: readonly PageViewBlock[]): Promise<void> {
    for (const { partition, offset } of rowsOf(blocks)) this.views.add(`${partition}/${offset}`)
  }

  async insertErrors(rows: readonly ErrorRow[]): Promise<void> {
    for (const { partition, offset, reason, detail } of rows) {
      assert.ok(reason.length > 0 && detail.length > 0 && detail.length < 400)
      this.errors.set(`${partition}/${offset}`, reason)
    }
  }

  async insertGaps(): Promise<void> {}

  async markStale(): Promise<void> {}

  async ping(): Promise<void> {}

  /** Every place is in one of the two, and none in both. */
  assertEachOnce(places: Iterable<string>): void {
    for (const place of places) {
      const found = Number(this.views.has(place)) + Number(this.errors.has(place))
      assert.equal(found, 1, `${place}: view ${this.views.has(place)}, error ${this.errors.get(place)}`)
    }
  }
}
