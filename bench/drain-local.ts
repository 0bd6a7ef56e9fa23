import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { usageOfTree } from './lib/processes.ts'
import { median, spread } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'

/**
 * The question: how fast does a backlog in the embedded log become exact aggregates? Generated, sent and kept first, then the consumer is
 * started, and the time runs from its first message until every aggregate is up to date. At the end `verify` must agree.
 */
const options = new Command('drain-local')
  .description('a backlog in the embedded log, drained into ClickHouse')
  .option('--events <n>', 'messages of a backlog', '1000000')
  .option('--runs <n>', 'how often', '3')
  .parse()
  .opts<{ events: string; runs: string }>()
const events = Number(options.events)

const produced: number[] = []
const drained: number[] = []
const cpu: number[] = []
for (let run = 1; run <= Number(options.runs); run++) {
  const result = await drain()
  produced.push(result.producedPerSecond)
  drained.push(result.drainedPerSecond)
  cpu.push(result.cpuMicroseconds)
  process.stdout.write(
    `run ${run}: produced ${thousands(result.producedPerSecond)}, drained ${thousands(result.drainedPerSecond)}, ${result.cpuMicroseconds.toFixed(1)} µs an event (${result.byProcess})\n`,
  )
}
process.stdout.write(
  `\nproduced ${spread(produced, thousands)}\ndrained  ${spread(drained, thousands)}\ncpu      ${median(cpu).toFixed(1)} µs an event\n`,
)

async function drain() {
  await using system = await BenchSystem.create({
    MILLRACE_GENERATE: 'off',
    MILLRACE_BUFFER_SIZE: '50000',
    MILLRACE_STRATEGIES: 'batch=1',
    MILLRACE_CLICKHOUSE_MEMORY: '4G',
  })
  const producer = system.start('producer')
  await system.ready(system.producerUrl)
  const producing = performance.now()
  await system.json(`${system.producerUrl}/generate/burst?count=${events}`, 'POST')
  while ((await system.json(`${system.producerUrl}/status`)).sent < events) await sleep(50)
  const producedPerSecond = events / ((performance.now() - producing) / 1_000)
  await system.end(producer)

  const consumer = system.start('consumer', '--init-schema')
  await system.ready(system.consumerUrl)
  const draining = performance.now()
  const already = (await system.json(`${system.consumerUrl}/status`)).processed
  const before = usageOfTree(consumer.pid!)
  for (;;) {
    const { lag, stale_windows: stale } = await system.json(`${system.consumerUrl}/status`)
    if (lag === 0 && stale.slice + stale.minute + stale.hour === 0) break
    await sleep(50)
  }
  const seconds = (performance.now() - draining) / 1_000
  const used = usageOfTree(consumer.pid!).map(({ name, pid, cpuSeconds }) => ({
    name,
    cpuSeconds: cpuSeconds - (before.find((one) => one.pid === pid)?.cpuSeconds ?? 0),
  }))
  const { status, output } = await system.run('verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  const drainedEvents = events - already
  return {
    producedPerSecond,
    drainedPerSecond: drainedEvents / seconds,
    cpuMicroseconds: (used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / drainedEvents) * 1e6,
    byProcess: used
      .map(({ name, cpuSeconds }) => `${name} ${((cpuSeconds / drainedEvents) * 1e6).toFixed(1)}`)
      .join(', '),
  }
}

function thousands(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(1)}k/s`
}
