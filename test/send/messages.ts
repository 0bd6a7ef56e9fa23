import type { LedgerEntry } from '../../src/ledger/port.ts'
import type { Bookkeeping, LogWriter, OutgoingRecord } from '../../src/log/port.ts'
import { Original } from '../../src/send/original.ts'
import type { Outgoing } from '../../src/send/outgoing.ts'

/** The n-th message: a page view, unless the entry says otherwise. */
export function outgoing(n: number, entry?: LedgerEntry): Outgoing {
  const timestampMs = 1_700_000_000_000 + n
  return {
    partition: n % 3,
    key: Buffer.from(`0199f2a4-7c1e-7b3a-9c55-${String(n).padStart(12, '0')}`),
    value: Buffer.from(`${n}`),
    timestampMs,
    entry: entry ?? { kind: 'view', pageId: `/${n}`, timestampMs, durationMs: n, isBounce: false },
  }
}

/** The n-th message, a page view that may be repeated. */
export function repeatable(n: number): Outgoing {
  const message = outgoing(n)
  return { ...message, original: new Original(message.entry) }
}

/** A writer whose appends do what they are told, one after the other; then they succeed. */
export class ScriptedWriter implements LogWriter {
  readonly appended: OutgoingRecord[] = []
  calls = 0
  fail: (records: readonly OutgoingRecord[], call: number) => Error | undefined = () => undefined

  async append(records: readonly OutgoingRecord[], alongside?: Bookkeeping) {
    this.calls += 1
    const call = this.calls
    await Promise.resolve()
    const error = this.fail(records, call)
    if (error) throw error
    alongside?.acknowledged()
    this.appended.push(...records)
  }

  async close(): Promise<void> {}
}
