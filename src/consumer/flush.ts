import type { LogReader } from '../log/port.ts'
import { publish } from '../observe/events.ts'
import type { Store } from '../store/port.ts'
import type { Batch } from './batch.ts'

declare module '../observe/events.ts' {
  interface Happenings {
    /** A batch is in the store, marked and committed. */
    'consumer:flushed': Flushed
  }
}

export interface Flushed {
  readonly messages: number
  readonly views: number
  readonly errors: number
  readonly writeMs: number
  readonly markMs: number
  readonly commitMs: number
  /** When its first message was appended to the log, in milliseconds since the epoch. */
  readonly oldestAppendedMs: number
}

/**
 * Writes a batch, marks its slices, commits its positions: each only when the one before has been acknowledged. This order is
 * the delivery guarantee. Wherever it ends early, the same messages come again, and every step may be repeated:
 *
 * - rows without a mark: the redelivery marks them; the rows are in the set already,
 * - marks without a commit: the redelivery changes nothing,
 * - committed: the marks are durable, and any roll-up finds them.
 *
 * @throws what the store or the log throws; then nothing was committed
 */
export async function flush(
  batch: Batch,
  store: Store,
  reader: Pick<LogReader, 'commit'>,
  monotonic: () => number,
): Promise<Flushed> {
  const began = monotonic()
  await Promise.all([store.insertPageViews(batch.views), store.insertErrors(batch.errors)])
  const written = monotonic()
  await store.markStale(batch.slices())
  const marked = monotonic()
  await reader.commit(batch.positions())
  const flushed = {
    messages: batch.messages,
    views: batch.rows,
    errors: batch.errors.length,
    writeMs: written - began,
    markMs: marked - written,
    commitMs: monotonic() - marked,
    oldestAppendedMs: batch.oldestAppendedMs,
  }
  publish('consumer:flushed', flushed)
  return flushed
}
