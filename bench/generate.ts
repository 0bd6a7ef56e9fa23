import { Generator } from '../src/producer/generator/generator.ts'
import { benchmark, count } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { look, type Measured, measuredOf } from './lib/measured.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly record?: true
}

/** As many as wait in a buffer or are under way while the producer works: what is held is what costs the garbage collector time. */
const HELD = 10_000

export const generate = benchmark(
  'generate',
  'What does it cost to make an event up, without sending it anywhere?',
)
  .option('--events <n>', 'events of a run', count, 500_000)
  .option('--runs <n>', 'how often', count, 5)
  .action(run)

async function run({ events, runs, record }: Options): Promise<void> {
  const generator = new Generator({ seed: 1, shares: { bounces: 0.1, invalid: 0.05, repeats: 0.01 } })
  const held = new Array<unknown>(HELD)
  const making = async (): Promise<Measured> => {
    const before = look([process.pid])
    for (let i = 0; i < events; i++) held[i % HELD] = generator.next(Date.now())
    return measuredOf(events, before, look([process.pid]))
  }
  // The first run is slower: the functions are not compiled yet.
  await making()
  const measured = await alternately([{ name: 'generate', run: making }], runs)
  report(
    {
      name: 'generate',
      title: `Making ${events} events up`,
      body: tableOf(measured),
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
