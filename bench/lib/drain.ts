import { Curve, look, type Measured, measuredOf } from './measured.ts'
import type { BenchSystem } from './system.ts'
import { patienceFor, until } from './wait.ts'

/** What a producer needs in order to make a backlog fast, and without a consumer beside it. */
export const BACKLOG_SETTINGS = {
  MILLRACE_GENERATE: 'off',
  MILLRACE_BUFFER_SIZE: '50000',
  MILLRACE_STRATEGIES: 'batch=1',
  MILLRACE_CLICKHOUSE_MEMORY: '4G',
}

/**
 * Has the producer generate and send this many messages, and ends it.
 *
 * @param others processes to be measured besides, such as brokers
 */
export async function produceBacklog(
  system: BenchSystem,
  events: number,
  settings: Record<string, string> = {},
  others: readonly number[] = [],
): Promise<Measured> {
  const producer = system.startWith(settings, 'producer')
  await system.ready(system.producerUrl, producer)
  const before = look([producer.pid, ...others])
  await system.json(`${system.producerUrl}/generate/burst?count=${events}`, 'POST')
  await until('Producing', patienceFor(events), async () => {
    const { sent } = await system.json(`${system.producerUrl}/status`)
    return { done: sent >= events, so: `${sent} of ${events} messages sent` }
  })
  const measured = measuredOf(events, before, look([producer.pid, ...others]))
  await system.end(producer)
  return measured
}

/**
 * Starts the consumer on a backlog, and waits until every message is written and every aggregate is up to date; the time runs from
 * the moment it answers. `verify` must agree at the end.
 *
 * @param others processes to be measured besides, such as brokers
 */
export async function drain(
  system: BenchSystem,
  events: number,
  settings: Record<string, string> = {},
  others: readonly number[] = [],
): Promise<Measured> {
  const consumer = system.startWith(settings, 'consumer', '--init-schema')
  await system.ready(system.consumerUrl, consumer)
  const already = (await system.json(`${system.consumerUrl}/status`)).processed
  const before = look([consumer.pid, ...others])
  const written = new Curve()
  await until('Millrace, draining', patienceFor(events), async () => {
    const { processed, lag, stale_windows: stale } = await system.json(`${system.consumerUrl}/status`)
    if (processed > 0) written.add(events - lag)
    const windows = stale.slice + stale.minute + stale.hour
    return {
      done: processed >= events && lag === 0 && windows === 0,
      so: `${processed} of ${events} messages read, ${lag} not committed, ${windows} windows to roll up`,
    }
  })
  const measured = measuredOf(events - already, before, look([consumer.pid, ...others]))
  const { status, output } = await system.runWith(settings, 'verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  await system.end(consumer)
  return { ...measured, ...speedsOf(written, events, before.atMs) }
}

function speedsOf(written: Curve, events: number, beganMs: number): Partial<Measured> {
  const rawAtMs = written.reached(events)
  const steadyPerSecond = written.steadyPerSecond()
  return {
    ...(rawAtMs === undefined ? {} : { rawPerSecond: events / ((rawAtMs - beganMs) / 1_000) }),
    ...(steadyPerSecond === undefined ? {} : { steadyPerSecond }),
  }
}
