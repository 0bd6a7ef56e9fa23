import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { usageOfTree } from './lib/processes.ts'
import { bucketsOf, histogramQuantile } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'

/**
 * The question: at a steady rate, how long does it take from the log to the minute aggregates, and does memory grow? One
 * process tree, as `npm start` runs it; at the end `verify` must agree.
 */
const { rate, seconds } = new Command('steady')
  .description('latency, lag and memory at a steady rate')
  .option('--rate <n>', 'events a second', '5000')
  .option('--seconds <n>', 'how long', '60')
  .parse()
  .opts<{ rate: string; seconds: string }>()

const MIB = 2 ** 20
await using system = await BenchSystem.create({ MILLRACE_SPEED: rate, MILLRACE_BUFFER_SIZE: '100000' })
const began = performance.now()
const tree = system.start('start')
await system.ready(system.producerUrl)
await system.ready(system.consumerUrl)
for (;;) {
  const { totals } = await system.json(`${system.consumerUrl}/query/aggregates?hours=1`)
  if (totals.view_count > 0) break
  await sleep(20)
}
process.stdout.write(`first events visible after ${((performance.now() - began) / 1_000).toFixed(1)} s\n`)
process.stdout.write('   s      sent/s  lag  visible  memory of their own in MiB\n')

const warm: { le: number; count: number }[] = []
const memory: number[] = []
const lags: number[] = []
let sentBefore = (await system.json(`${system.producerUrl}/status`)).sent
for (let second = 5; second <= Number(seconds); second += 5) {
  await sleep(5_000)
  const [producer, consumer] = await Promise.all([
    system.json(`${system.producerUrl}/status`),
    system.json(`${system.consumerUrl}/status`),
  ])
  const usage = usageOfTree(tree.pid!)
  const resident = usage.reduce((sum, { ownBytes }) => sum + ownBytes, 0) / MIB
  memory.push(resident)
  lags.push(consumer.lag)
  const parts = usage.map((one) => `${one.name} ${Math.round(one.ownBytes / MIB)}`).join(', ')
  process.stdout.write(
    `${String(second).padStart(4)}  ${((producer.sent - sentBefore) / 5).toFixed(0).padStart(10)}  ${String(consumer.lag).padStart(5)}  ${consumer.visible_latency_ms} ms  ${resident.toFixed(0)} (${parts})\n`,
  )
  sentBefore = producer.sent
  // The first ten seconds are a process that warms up.
  if (second === 10) warm.push(...(await visibleBuckets()))
}
const buckets = (await visibleBuckets()).map(({ le, count }, i) => ({
  le,
  count: count - (warm[i]?.count ?? 0),
}))
const quantile = (q: number): string => `${(histogramQuantile(q, buckets) * 1_000).toFixed(0)} ms`
await system.json(`${system.producerUrl}/generate/pause`, 'POST')
const producer = await system.json(`${system.producerUrl}/status`)
const cpu = usageOfTree(tree.pid!)
const { status, output } = await system.run('verify')
await system.end(tree)

process.stdout.write(
  [
    '',
    `event to visible   p50 ${quantile(0.5)}, p95 ${quantile(0.95)}, p99 ${quantile(0.99)} (the oldest event of each batch)`,
    `lag                at most ${Math.max(...lags)} messages`,
    `memory             ${memory[0]!.toFixed(0)} MiB at first, ${memory.at(-1)!.toFixed(0)} MiB at the end`,
    `sent               ${producer.sent}, dropped ${producer.dropped}, failed ${producer.failed}`,
    `processor seconds  ${cpu.map(({ name, cpuSeconds }) => `${name} ${cpuSeconds.toFixed(1)}`).join(', ')}`,
    `verify             ${status === 0 ? 'agrees' : `DIFFERS\n${output}`}`,
    '',
  ].join('\n'),
)
process.exitCode = status ?? 1

async function visibleBuckets(): Promise<{ le: number; count: number }[]> {
  return bucketsOf(await system.text(`${system.consumerUrl}/metrics`), 'millrace_visible_latency_seconds')
}
