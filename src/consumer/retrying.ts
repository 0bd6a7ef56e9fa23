import type { LogReader } from '../log/port.ts'
import type { Store } from '../store/port.ts'
import type { Retrier } from './retry.ts'

/** The same store, whose every method is repeated until it succeeds; all of them are idempotent. */
export function retryingStore(store: Store, retrier: Retrier): Store {
  return {
    insertPageViews: (blocks) => retrier.run('store', () => store.insertPageViews(blocks)),
    insertErrors: (rows) => retrier.run('store', () => store.insertErrors(rows)),
    insertGaps: (topic, gaps) => retrier.run('store', () => store.insertGaps(topic, gaps)),
    markStale: (slices) => retrier.run('store', () => store.markStale(slices)),
    ping: () => retrier.run('store', () => store.ping()),
  }
}

/** The same reader, whose fetches and commits are repeated until they succeed. */
export function retryingReader(reader: LogReader, retrier: Retrier): LogReader {
  return {
    fetch: (limit, signal) => retrier.run('log', () => reader.fetch(limit, signal)),
    commit: (positions) => retrier.run('log', () => reader.commit(positions)),
    assignments: () => reader.assignments(),
    close: () => reader.close(),
  }
}
