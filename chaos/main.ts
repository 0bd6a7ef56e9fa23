import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { whyNoKafka } from '../test/helpers/kafka-libs.ts'
import { FAULTS } from './faults/all.ts'
import type { Fault } from './faults/fault.ts'
import { type Played, reportOf } from './report.ts'
import { playRound, randomOf } from './round.ts'
import { SETUPS, type Setup, Stage } from './stage.ts'

/**
 * The question: whatever is killed, paused, cut off or full, and whatever comes late or twice, does the audit agree once it is over? Real
 * processes, and faults out of a seed.
 */
const options = new Command('npm run chaos --')
  .description('faults at random under load, with an audit after each round')
  .option('--rounds <n>', 'rounds of each setup', whole, 20)
  .option('--seed <n>', 'where all that is random comes from (default: another one each time)', whole)
  .option('--from <n>', 'the number of the first round', whole, 1)
  .option('--setups <names>', `some of ${SETUPS.join(', ')}`, setups, [SETUPS[0]])
  .option('--rounds-per-system <n>', 'after so many a system makes place for a new one', whole, 10)
  .option('--faults <names>', 'only these (default: all)', faults)
  .option('--record <file>', 'append the report to a file')
  .addHelpText(
    'after',
    `\nFaults:\n${FAULTS.map(({ name, does }) => `  ${name.padEnd(16)} ${does}`).join('\n')}\n\nSetups: lmdb is the embedded log with its one consumer; kafka one broker behind proxies and one consumer; cluster three\nbrokers and three consumers. Status: 0 every audit agreed; 1 one did not. A round that fails ends the run, keeps the data and says how\nto run it again.`,
  )
  .parse()
  .opts<{
    rounds: number
    seed?: number
    from: number
    setups: Setup[]
    roundsPerSystem: number
    faults?: readonly Fault[]
    record?: string
  }>()

const seed = options.seed ?? Date.now() % 2 ** 31
const noKafka = options.setups.some((setup) => setup !== 'lmdb') ? whyNoKafka() : undefined
if (noKafka !== undefined) {
  process.stderr.write(`${noKafka}.\nWithout Kafka: --setups lmdb\n`)
  process.exit(2)
}

const played: Played[] = []
let stage: Stage | undefined
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true
    say(`\n${signal}: everything is ended after this round; again: at once`)
    process.once(signal, () => process.exit(130))
  })
}

say(`seed ${seed}`)
try {
  for (const setup of options.setups) await playSetup(setup)
} finally {
  await stage?.[Symbol.asyncDispose]()
}
const report = `\n\`--setups ${options.setups.join(',')} --rounds ${options.rounds} --from ${options.from} --seed ${seed}\`\n\n${reportOf(played)}`
say(report)
if (options.record) await appendFile(options.record, report)
process.exitCode = interrupted ? 130 : played.some(({ failed }) => failed) ? 1 : 0

async function playSetup(setup: Setup): Promise<void> {
  const { from, rounds, roundsPerSystem } = options
  for (let round = from; round < from + rounds && !interrupted; round++) {
    if ((round - from) % roundsPerSystem === 0) {
      await stage?.[Symbol.asyncDispose]()
      stage = undefined
      stage = await Stage.set(setup, (seed + round) % 2 ** 31)
      if (!stage.hasSmallDisk) say('no small file system can be mounted here: no full disks')
    }
    if (!(await playOne(stage!, round))) return
  }
  await stage?.[Symbol.asyncDispose]()
  stage = undefined
}

/** @returns whether the audit agreed */
async function playOne(stage: Stage, round: number): Promise<boolean> {
  const { setup } = stage
  const began = Date.now()
  let plan: readonly string[] = []
  const seconds = (): number => (Date.now() - began) / 1_000
  try {
    const result = await playRound(stage, options.faults ?? FAULTS, randomOf(seed, round), (names) => {
      plan = names
    })
    const { raw, log } = result.report
    played.push({
      setup,
      seed,
      round,
      faults: plan,
      seconds: seconds(),
      recoveredMs: result.recoveredMs,
      failed: false,
    })
    say(
      `${setup} ${round}  ${seconds().toFixed(1)} s, agrees ${(result.recoveredMs / 1_000).toFixed(1)} s after the last fault; ${log.messages} messages, ${raw.unique} page views\n    ${result.faults.map(({ done }) => done).join('\n    ')}`,
    )
    return true
  } catch (error) {
    played.push({ setup, seed, round, faults: plan, seconds: seconds(), recoveredMs: 0, failed: true })
    stage.keep = true
    const file = join(stage.logDirectory, 'failure.txt')
    const text = `${error instanceof Error ? error.message : error}\n${stage.lastLines(15)}\n`
    await writeFile(file, text)
    say(
      `${setup} ${round}  FAILED after ${seconds().toFixed(1)} s, with ${plan.join(', ')}\n${text.slice(0, 20_000)}`,
    )
    const first = round - ((round - options.from) % options.roundsPerSystem)
    say(`All of it: ${file}; the data beside it is kept.
Again, this round alone:      npm run chaos -- --setups ${setup} --seed ${seed} --from ${round} --rounds 1
and with those before it:     npm run chaos -- --setups ${setup} --seed ${seed} --from ${first} --rounds ${round - first + 1}`)
    return false
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function whole(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new InvalidArgumentError(`"${text}" is no whole number.`)
}

function setups(text: string): Setup[] {
  return text.split(',').map((name) => {
    const found = SETUPS.find((setup) => setup === name)
    if (!found) throw new InvalidArgumentError(`"${name}" is none of ${SETUPS.join(', ')}.`)
    return found
  })
}

function faults(text: string): Fault[] {
  return text.split(',').map((name) => {
    const found = FAULTS.find((fault) => fault.name === name)
    if (!found)
      throw new InvalidArgumentError(`"${name}" is none of ${FAULTS.map((each) => each.name).join(', ')}.`)
    return found
  })
}
