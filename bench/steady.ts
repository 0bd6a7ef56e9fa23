import { setTimeout as sleep } from 'node:timers/promises'
import { benchmark, count } from './lib/command.ts'
import { usageOfTree } from './lib/processes.ts'
import { report } from './lib/report.ts'
import { say } from './lib/say.ts'
import { bucketsOf, histogramQuantile } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'
import { until } from './lib/wait.ts'

const MIB = 2 ** 20
const EVERY_SECONDS = 5
/** So long a process warms up. */
const WARM_SECONDS = 10
const FIRST_SECONDS = 60

interface Options {
  readonly rate: number
  readonly seconds: number
  readonly record?: true
}

export const steady = benchmark(
  'steady',
  'At a steady rate, what do lag, memory and the metric of the latency from the log to the aggregates say?',
)
  .option('--rate <n>', 'events a second', count, 5_000)
  .option('--seconds <n>', 'how long', count, 60)
  .action(run)

/** One process tree, as `npm start` runs it; at the end `verify` must agree. */
async function run({ rate, seconds, record }: Options): Promise<void> {
  await using system = await BenchSystem.create({
    MILLRACE_SPEED: String(rate),
    MILLRACE_BUFFER_SIZE: '100000',
  })
  const began = performance.now()
  const tree = system.start('start')
  await system.ready(system.producerUrl, tree)
  await system.ready(system.consumerUrl, tree)
  await until('The first events, becoming visible,', FIRST_SECONDS, async () => {
    const { totals } = await system.json(`${system.consumerUrl}/query/aggregates?hours=1`)
    return { done: totals.view_count > 0, so: 'none is visible' }
  })
  say(`first events visible after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  say('   s      sent/s  lag  visible  memory of their own in MiB')

  const visibleBuckets = async (): Promise<{ le: number; count: number }[]> =>
    bucketsOf(await system.text(`${system.consumerUrl}/metrics`), 'millrace_visible_latency_seconds')
  let warm: { le: number; count: number }[] = []
  const memory: number[] = []
  const lags: number[] = []
  let sentBefore = (await system.json(`${system.producerUrl}/status`)).sent
  for (let second = EVERY_SECONDS; second <= seconds; second += EVERY_SECONDS) {
    await sleep(EVERY_SECONDS * 1_000)
    const [producer, consumer] = await Promise.all([
      system.json(`${system.producerUrl}/status`),
      system.json(`${system.consumerUrl}/status`),
    ])
    const usage = usageOfTree(tree.pid!)
    const own = usage.reduce((sum, { ownBytes }) => sum + ownBytes, 0) / MIB
    memory.push(own)
    lags.push(consumer.lag)
    const parts = usage.map((one) => `${one.name} ${Math.round(one.ownBytes / MIB)}`).join(', ')
    const sent = ((producer.sent - sentBefore) / EVERY_SECONDS).toFixed(0)
    say(
      `${String(second).padStart(4)}  ${sent.padStart(10)}  ${String(consumer.lag).padStart(5)}  ${consumer.visible_latency_ms} ms  ${own.toFixed(0)} (${parts})`,
    )
    sentBefore = producer.sent
    if (second === WARM_SECONDS) warm = await visibleBuckets()
  }
  const buckets = (await visibleBuckets()).map(({ le, count: number }, i) => ({
    le,
    count: number - (warm[i]?.count ?? 0),
  }))
  const quantile = (q: number): string => `${(histogramQuantile(q, buckets) * 1_000).toFixed(0)} ms`
  await system.json(`${system.producerUrl}/generate/pause`, 'POST')
  const producer = await system.json(`${system.producerUrl}/status`)
  const cpu = usageOfTree(tree.pid!)
  const { status, output } = await system.run('verify')
  await system.end(tree)
  report(
    {
      name: 'steady',
      title: `${rate} events a second for ${seconds} s`,
      body: [
        `- from the log to the aggregates: p50 ${quantile(0.5)}, p95 ${quantile(0.95)}, p99 ${quantile(0.99)} (the oldest event of each batch, by the metric)`,
        `- lag: at most ${Math.max(...lags)} messages`,
        `- memory of their own: ${memory[0]!.toFixed(0)} MiB at first, ${memory.at(-1)!.toFixed(0)} MiB at the end`,
        `- sent ${producer.sent}, dropped ${producer.dropped}, failed ${producer.failed}`,
        `- processor seconds: ${cpu.map(({ name, cpuSeconds }) => `${name} ${cpuSeconds.toFixed(1)}`).join(', ')}`,
        `- \`verify\` ${status === 0 ? 'agrees' : `DIFFERS\n${output}`}`,
      ].join('\n'),
    },
    record,
  )
  process.exitCode = status ?? 1
}
