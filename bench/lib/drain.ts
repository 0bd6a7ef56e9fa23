import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Usage, usageOfTree } from './processes.ts'
import type { Measured } from './run.ts'
import type { BenchSystem } from './system.ts'

/** What a producer needs in order to make a backlog fast, and without a consumer beside it. */
export const BACKLOG_SETTINGS = {
  MILLRACE_GENERATE: 'off',
  MILLRACE_BUFFER_SIZE: '50000',
  MILLRACE_STRATEGIES: 'batch=1',
  MILLRACE_CLICKHOUSE_MEMORY: '4G',
}

/** Has the producer generate and send this many messages, and ends it. */
export async function produceBacklog(
  system: BenchSystem,
  events: number,
  settings: Record<string, string> = {},
): Promise<Measured> {
  const producer = system.startWith(settings, 'producer')
  await system.ready(system.producerUrl)
  const before = usageOfTree(producer.pid!)
  const began = performance.now()
  await system.json(`${system.producerUrl}/generate/burst?count=${events}`, 'POST')
  while ((await system.json(`${system.producerUrl}/status`)).sent < events) await sleep(50)
  const seconds = (performance.now() - began) / 1_000
  const measured = measuredOf(events, seconds, before, usageOfTree(producer.pid!))
  await system.end(producer)
  return measured
}

/**
 * Starts the consumer on a backlog, and waits until every message is written and every aggregate is up to date; the time runs from
 * the moment it answers. `verify` must agree at the end.
 */
export async function drain(
  system: BenchSystem,
  events: number,
  settings: Record<string, string> = {},
): Promise<Measured> {
  const consumer = system.startWith(settings, 'consumer', '--init-schema')
  await system.ready(system.consumerUrl)
  const already = (await system.json(`${system.consumerUrl}/status`)).processed
  const before = usageOfTree(consumer.pid!)
  const began = performance.now()
  for (;;) {
    const { processed, lag, stale_windows: stale } = await system.json(`${system.consumerUrl}/status`)
    if (processed >= events && lag === 0 && stale.slice + stale.minute + stale.hour === 0) break
    await sleep(50)
  }
  const seconds = (performance.now() - began) / 1_000
  const measured = measuredOf(events - already, seconds, before, usageOfTree(consumer.pid!))
  const { status, output } = await system.runWith(settings, 'verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  await system.end(consumer)
  return measured
}

/** Rate and cost of what happened between two looks at the processes. */
export function measuredOf(
  events: number,
  seconds: number,
  before: readonly Usage[],
  after: readonly Usage[],
): Measured {
  const used = after.map(({ name, pid, cpuSeconds }) => ({
    name,
    micros: ((cpuSeconds - (before.find((one) => one.pid === pid)?.cpuSeconds ?? 0)) / events) * 1e6,
  }))
  return {
    perSecond: events / seconds,
    cpuMicroseconds: used.reduce((sum, { micros }) => sum + micros, 0),
    byProcess: used.map(({ name, micros }) => `${name} ${micros.toFixed(1)}`).join(', '),
  }
}

/** Waits until a number has stopped growing for two seconds, and says what it was and when it was last seen to change. */
export async function settled(
  children: readonly ChildProcess[],
  count: () => Promise<number>,
  atLeast: number,
): Promise<{ count: number; at: number; usage: Usage[] }> {
  const usage = (): Usage[] => children.flatMap(({ pid }) => usageOfTree(pid!))
  let last = { count: 0, at: performance.now(), usage: usage() }
  for (;;) {
    const now = await count()
    if (now !== last.count) last = { count: now, at: performance.now(), usage: usage() }
    else if (now >= atLeast && performance.now() - last.at > 2_000) return last
    await sleep(50)
  }
}
