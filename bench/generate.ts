import { Command } from 'commander'
import { Generator } from '../src/producer/generator/generator.ts'
import { type Measured, report, tableOf } from './lib/run.ts'

/** The question: what does it cost to make an event up, without sending it anywhere? */
const options = new Command('generate')
  .description('the generator alone: events made and thrown away')
  .option('--events <n>', 'events of a run', '500000')
  .option('--runs <n>', 'how often', '5')
  .option('--record', 'keep the result in bench/RESULTS.md')
  .parse()
  .opts<{ events: string; runs: string; record?: true }>()
const events = Number(options.events)

/** As many as wait in a buffer or are under way while the producer works: what is held is what costs the garbage collector time. */
const HELD = 10_000

const generator = new Generator({ seed: 1, shares: { bounces: 0.1, invalid: 0.05, repeats: 0.01 } })
const held = new Array<unknown>(HELD)

function run(): Measured {
  const before = process.cpuUsage()
  const began = performance.now()
  for (let i = 0; i < events; i++) held[i % HELD] = generator.next(Date.now())
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(before)
  const cpuMicroseconds = (user + system) / events
  return { perSecond: events / seconds, cpuMicroseconds, byProcess: '' }
}

// The first run is slower: the functions are not compiled yet.
run()
const measured = Array.from({ length: Number(options.runs) }, run)
report(`Making ${events} events up`, tableOf(new Map([['generate', measured]])), options.record ?? false)
