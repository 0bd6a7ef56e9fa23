import type { ChildProcess } from 'node:child_process'
import { Curve, look, type Measured, measuredOf } from '../lib/measured.ts'
import { patienceFor, until } from '../lib/wait.ts'

export interface Settling {
  /** Whose draining it is, for progress and errors. */
  readonly name: string
  readonly children: readonly ChildProcess[]
  readonly brokers: readonly number[]
  readonly events: number
  /** Rows written so far. */
  readonly count: () => Promise<number>
  /** Starts what is measured. */
  readonly begin: () => Promise<void> | void
}

/** After so long without a row there is no more to come; what is left out at the end is not known beforehand. */
const QUIET_MS = 3_000

/**
 * Waits until a peer has written what it will: nine tenths of the messages at least, and then nothing for some seconds. The time ends
 * with the last row.
 *
 * @throws Error when a process ends, or it takes too long
 */
export async function settled({
  name,
  children,
  brokers,
  events,
  count,
  begin,
}: Settling): Promise<Measured> {
  const pids = [...children.map(({ pid }) => pid), ...brokers]
  const before = look(pids)
  await begin()
  const written = new Curve()
  let last = { rows: 0, look: before }
  await until(`${name}, draining`, patienceFor(events), async () => {
    const gone = children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)
    if (gone)
      throw new Error(
        `${name}: a process of it ended (${gone.signalCode ?? gone.exitCode}) after ${last.rows} of ${events} rows`,
      )
    const rows = await count()
    written.add(rows)
    if (rows !== last.rows) last = { rows, look: look(pids) }
    const quiet = performance.now() - last.look.atMs > QUIET_MS
    return { done: rows >= events * 0.9 && quiet, so: `${rows} of ${events} rows` }
  })
  const steadyPerSecond = written.steadyPerSecond()
  const measured = measuredOf(events, before, last.look)
  return steadyPerSecond === undefined ? measured : { ...measured, steadyPerSecond }
}
