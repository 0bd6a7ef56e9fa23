import { machineSeconds, type Usage, usageOfTree } from './processes.ts'

/** What one way of doing something took in one run. */
export interface Measured {
  readonly perSecond: number
  /** Events a second until all raw rows were written, where aggregates come after them. */
  readonly rawPerSecond?: number
  /** Events a second between the first and the last tenth of the rows, without start and end. */
  readonly steadyPerSecond?: number
  /** Microseconds of a processor for each event, of all processes but the broker, which does the same for everyone. */
  readonly cpuMicroseconds: number
  /** The same by process, with the broker. */
  readonly byProcess: Readonly<Record<string, number>>
  /** How many processors other work on the machine took meanwhile. */
  readonly others: number
}

/** What processes and the machine have used so far. */
export interface Look {
  readonly atMs: number
  readonly usage: readonly Usage[]
  readonly machineSeconds: number
}

export const BROKER = 'Kafka'

/** @param pids processes whose trees belong to what is measured */
export function look(pids: readonly (number | undefined)[]): Look {
  return {
    atMs: performance.now(),
    usage: pids.flatMap((pid) => (pid === undefined ? [] : usageOfTree(pid))),
    machineSeconds: machineSeconds(),
  }
}

/** Rate and cost of what happened between two looks. */
export function measuredOf(events: number, before: Look, after: Look): Measured {
  const seconds = (after.atMs - before.atMs) / 1_000
  const byProcess: Record<string, number> = {}
  let used = 0
  for (const { pid, name, cpuSeconds } of after.usage) {
    const spent = cpuSeconds - (before.usage.find((one) => one.pid === pid)?.cpuSeconds ?? 0)
    used += spent
    byProcess[name] = (byProcess[name] ?? 0) + (spent / events) * 1e6
  }
  const ours = Object.entries(byProcess).filter(([name]) => name !== BROKER)
  return {
    perSecond: events / seconds,
    cpuMicroseconds: ours.reduce((sum, [, micros]) => sum + micros, 0),
    byProcess,
    others: Math.max(0, (after.machineSeconds - before.machineSeconds - used) / seconds),
  }
}

/** How many rows there were when. */
export class Curve {
  readonly #points: { readonly atMs: number; readonly count: number }[] = []

  add(count: number, atMs = performance.now()): void {
    if (this.#points.at(-1)?.count !== count) this.#points.push({ atMs, count })
  }

  /** When so many had been reached; undefined when they never were. */
  reached(count: number): number | undefined {
    return this.#points.find((point) => point.count >= count)?.atMs
  }

  /** Rows a second from the first tenth of them to the last; undefined when too few looks fell in there. */
  steadyPerSecond(): number | undefined {
    const last = this.#points.at(-1)?.count ?? 0
    const middle = this.#points.filter(({ count }) => count >= last * 0.1 && count <= last * 0.9)
    const [from, to] = [middle[0], middle.at(-1)]
    if (from === undefined || to === undefined || to.count === from.count) return undefined
    return (to.count - from.count) / ((to.atMs - from.atMs) / 1_000)
  }
}
