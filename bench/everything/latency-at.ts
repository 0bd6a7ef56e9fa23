import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchBroker } from '../lib/broker.ts'
import { latenciesOf, type Schedule } from '../lib/latency.ts'
import { look, measuredOf } from '../lib/measured.ts'
import { BenchSystem } from '../lib/system.ts'
import { until } from '../lib/wait.ts'

export interface RateResult {
  /** From when each event was due until it could be seen, ascending. */
  readonly latenciesMs: Float64Array
  /** Events that were due and never made. */
  readonly missing: number
  /** Processors that our processes used while it was measured. */
  readonly processors: number
  readonly others: number
}

/** A page view is visible when the minute aggregates have it: the table that every answer about recent minutes comes from. */
export const VISIBLE = `SELECT sum(view_count) FROM page_views_breakdown_minute FINAL WHERE dimension = 'all'`

const SETTLE_SECONDS = 120
const LOOK_EVERY_MS = 50

/** Everything is a page view of its own, so that the n-th one seen is the n-th that was due. */
export const ALL_VIEWS = {
  MILLRACE_INVALID: '0',
  MILLRACE_REPEATS: '0',
  MILLRACE_GENERATE: 'off',
  MILLRACE_STRATEGIES: 'batch=1',
  MILLRACE_BUFFER_SIZE: '1000000',
}

/** The settings of a system whose event log is a new topic. */
export function topicOfItsOwn({ bootstrap }: BenchBroker): Record<string, string> {
  return { MILLRACE_KAFKA_BROKERS: bootstrap, MILLRACE_KAFKA_TOPIC: `everything-${randomUUID()}` }
}

/** One tree, as `npm start` runs it, at one rate. `verify` must agree at the end. */
export async function latencyAt({
  rate,
  seconds,
  warmUp,
  broker,
}: {
  readonly rate: number
  readonly seconds: number
  readonly warmUp: number
  readonly broker: BenchBroker | undefined
}): Promise<RateResult> {
  await using system = await BenchSystem.create({
    ...ALL_VIEWS,
    ...(broker && topicOfItsOwn(broker)),
    MILLRACE_SPEED: String(rate),
  })
  const tree = system.start('start')
  await system.ready(system.producerUrl, tree)
  await system.ready(system.consumerUrl, tree)

  const pids = [tree.pid, ...(broker?.pids ?? [])]

  const seen: { atMs: number; count: number }[] = []
  const watch = async (): Promise<number> => {
    const count = await system.number(VISIBLE)
    seen.push({ atMs: performance.now(), count })
    return count
  }
  await system.json(`${system.producerUrl}/generate/resume`, 'POST')
  const schedule: Schedule = { beganMs: performance.now(), rate }
  const measureFromMs = schedule.beganMs + warmUp * 1_000
  const endMs = measureFromMs + seconds * 1_000
  let before: ReturnType<typeof look> | undefined
  for (let next = schedule.beganMs; performance.now() < endMs; next += LOOK_EVERY_MS) {
    await sleep(Math.max(0, next - performance.now()))
    await watch()
    if (before === undefined && performance.now() >= measureFromMs) before = look(pids)
  }
  const after = look(pids)
  await system.json(`${system.producerUrl}/generate/pause`, 'POST')
  const due = (warmUp + seconds) * rate
  const { generated } = await system.json(`${system.producerUrl}/status`)
  await until('Becoming visible', SETTLE_SECONDS, async () => {
    const count = await watch()
    return { done: count >= generated, so: `${count} of ${generated} visible` }
  })
  const { status, output } = await system.run('verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  await system.end(tree)
  const { cpuMicroseconds, others } = measuredOf(seconds * rate, before ?? after, after)
  return {
    latenciesMs: latenciesOf(seen, schedule, warmUp * rate, Math.min(due, generated)),
    missing: Math.max(0, due - generated),
    processors: (cpuMicroseconds * rate) / 1e6,
    others,
  }
}
