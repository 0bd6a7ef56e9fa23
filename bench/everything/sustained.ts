import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchBroker } from '../lib/broker.ts'
import { look, measuredOf } from '../lib/measured.ts'
import { say } from '../lib/say.ts'
import { BenchSystem } from '../lib/system.ts'
import { until } from '../lib/wait.ts'
import { ALL_VIEWS, topicOfItsOwn } from './latency-at.ts'

const FIRST_RATE = 10_000
const GROWTH = 1.5
const HALVINGS = 3
/** The first part of a step fills what is to be filled; the rest is what counts. */
const WARM_SECONDS = 5
const STEP_SECONDS = 15
/** What is not read, or not visible, may be so many seconds behind. */
const BEHIND_SECONDS = 3
const CATCH_UP_SECONDS = 300

/**
 * The highest rate at which nothing is dropped and reading, writing and rolling up keep pace with generating: the rate grows by half until
 * one is too much, and the gap is halved three times.
 *
 * @returns a sentence with the result
 */
export async function sustainedMaximum(broker: BenchBroker | undefined): Promise<string> {
  await using system = await BenchSystem.create({
    ...ALL_VIEWS,
    ...(broker && topicOfItsOwn(broker)),
    MILLRACE_BUFFER_SIZE: '100000',
  })
  const tree = system.start('start')
  await system.ready(system.producerUrl, tree)
  await system.ready(system.consumerUrl, tree)
  const step = (rate: number): Promise<string | undefined> =>
    tryRate(system, [tree.pid, ...(broker?.pids ?? [])], rate)

  let best: { rate: number; how: string } | undefined
  let low = 0
  let high = FIRST_RATE
  for (;;) {
    const how = await step(high)
    if (how === undefined) break
    best = { rate: high, how }
    low = high
    high = Math.round(high * GROWTH)
  }
  for (let i = 0; i < HALVINGS; i++) {
    const rate = Math.round((low + high) / 2)
    const how = await step(rate)
    if (how === undefined) high = rate
    else {
      best = { rate, how }
      low = rate
    }
  }
  const { status, output } = await system.run('verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  await system.end(tree)
  if (best === undefined) return `Not even ${FIRST_RATE} events/s could be sustained.`
  return `Sustained: ${best.rate} events/s for ${STEP_SECONDS} s (${best.how}); ${high} could not be. \`verify\` agreed.`
}

/** @returns what it took; undefined when the rate was too high */
async function tryRate(
  system: BenchSystem,
  pids: readonly (number | undefined)[],
  rate: number,
): Promise<string | undefined> {
  await system.json(`${system.producerUrl}/config/speed?eps=${rate}`, 'POST')
  await system.json(`${system.producerUrl}/generate/resume`, 'POST')
  await sleep(WARM_SECONDS * 1_000)
  const first = await system.json(`${system.producerUrl}/status`)
  const before = look(pids)
  await sleep(STEP_SECONDS * 1_000)
  const after = look(pids)
  const [producer, consumer] = await Promise.all([
    system.json(`${system.producerUrl}/status`),
    system.json(`${system.consumerUrl}/status`),
  ])
  const freshMs = Date.now() - Date.parse(consumer.fresh_as_of ?? 0)
  await system.json(`${system.producerUrl}/generate/pause`, 'POST')
  const sent = (producer.sent - first.sent) / ((after.atMs - before.atMs) / 1_000)
  const { cpuMicroseconds, others } = measuredOf(rate * STEP_SECONDS, before, after)
  const how = `lag ${consumer.lag} messages, fresh ${(freshMs / 1_000).toFixed(1)} s ago, ${cpuMicroseconds.toFixed(1)} µs of a processor an event, ${others.toFixed(1)} processors of other work`
  const kept =
    producer.dropped === first.dropped &&
    sent > 0.97 * rate &&
    consumer.lag <= BEHIND_SECONDS * rate &&
    freshMs <= BEHIND_SECONDS * 1_000
  say(`${rate} events a second: ${kept ? 'kept' : 'too much'}, ${sent.toFixed(0)} sent, ${how}`)
  await until('Catching up', CATCH_UP_SECONDS, async () => {
    const { lag, stale_windows: stale } = await system.json(`${system.consumerUrl}/status`)
    const { buffer_used: waiting } = await system.json(`${system.producerUrl}/status`)
    return { done: lag + waiting + stale.slice + stale.minute === 0, so: `lag ${lag}, ${waiting} not sent` }
  })
  return kept ? how : undefined
}
