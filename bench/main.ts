import { Command } from 'commander'
import { batchSize } from './batch-size.ts'
import { compression } from './compression.ts'
import { consumerAlone } from './consumer-alone.ts'
import { drainKafka } from './drain-kafka.ts'
import { drainLocal } from './drain-local.ts'
import { everything } from './everything.ts'
import { generate } from './generate.ts'
import { cleanUpWhenInterrupted } from './lib/temporary.ts'
import { page } from './page.ts'
import { payloadSize } from './payload-size.ts'
import { produce } from './produce.ts'
import { query } from './query/main.ts'
import { rollup } from './rollup.ts'
import { scaling } from './scaling.ts'
import { soak } from './soak/main.ts'
import { steady } from './steady.ts'
import { verifying } from './verify.ts'

const BENCHMARKS: readonly Command[] = [
  generate,
  produce,
  compression,
  consumerAlone,
  drainLocal,
  drainKafka,
  scaling,
  batchSize,
  payloadSize,
  everything,
  page,
  steady,
  soak,
  rollup,
  query,
  verifying,
]

/** The one door to all benchmarks: `npm run bench`. */
export function createBench(): Command {
  const bench = new Command('npm run bench --')
    .description('Measures Millrace. docs/benchmarks.md says how, and how to read the results.')
    .usage('--list | NAME [options]')
    .option('--list', 'name the benchmarks and what each answers')
    .argument('[name]')
    .action((name: string | undefined, { list }: { list?: true }) => {
      if (list) process.stdout.write(listing())
      else if (name === undefined) bench.help()
      else bench.error(`There is no benchmark "${name}". These are:\n\n${listing()}`, { exitCode: 2 })
    })
  for (const benchmark of BENCHMARKS) bench.addCommand(benchmark)
  return bench
}

function listing(): string {
  const width = Math.max(...BENCHMARKS.map((each) => each.name().length)) + 2
  return BENCHMARKS.map((each) => `${each.name().padEnd(width)}${each.description()}\n`).join('')
}

/** With its causes: a request that failed says only there what it was. */
function whole(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${whole(error.cause)}`
}

if (import.meta.main) {
  cleanUpWhenInterrupted()
  try {
    await createBench().parseAsync()
  } catch (error) {
    process.stderr.write(`${whole(error)}\n`)
    process.exitCode = 1
  }
}
