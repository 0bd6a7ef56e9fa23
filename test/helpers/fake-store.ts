import type { GapRow } from '../../src/store/gaps.ts'
import type { PageViewBlock } from '../../src/store/page-view-block.ts'
import type { ErrorRow, Store } from '../../src/store/port.ts'
import { type PageViewRow, rowsOf } from './page-view-rows.ts'

/** A store in memory: a set of page views, a set of errors, and marks. It fails when it is told to. */
export class FakeStore implements Store {
  /** By event id and page view: one key with two payloads is two rows. */
  readonly views = new Map<string, PageViewRow>()
  /** By topic, partition and offset. */
  readonly errors = new Map<string, ErrorRow>()
  readonly gaps: GapRow[] = []
  readonly marks = new Set<number>()
  /** What was called, in its order. */
  readonly calls: string[] = []
  /** Called before each method with its name; what it throws is what the method throws. `after` fails when the work is done. */
  fail: (method: string, when: 'before' | 'after') => void = () => {}

  insertPageViews(blocks: readonly PageViewBlock[]): Promise<void> {
    return this.#do('insertPageViews', () => {
      for (const row of rowsOf(blocks)) this.views.set(`${row.eventId} ${JSON.stringify(row.view)}`, row)
    })
  }

  insertErrors(rows: readonly ErrorRow[]): Promise<void> {
    return this.#do('insertErrors', () => {
      for (const row of rows) this.errors.set(`${row.topic} ${row.partition} ${row.offset}`, row)
    })
  }

  insertGaps(_topic: string, gaps: readonly GapRow[]): Promise<void> {
    return this.#do('insertGaps', () => {
      this.gaps.push(...gaps)
    })
  }

  markStale(slices: readonly number[]): Promise<void> {
    return this.#do('markStale', () => {
      for (const slice of slices) this.marks.add(slice)
    })
  }

  ping(): Promise<void> {
    return this.#do('ping', () => {})
  }

  async #do(method: string, work: () => void): Promise<void> {
    this.calls.push(method)
    this.fail(method, 'before')
    work()
    this.fail(method, 'after')
  }
}
