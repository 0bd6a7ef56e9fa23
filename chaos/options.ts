import { Command, InvalidArgumentError, Option } from 'commander'
import { FAULTS } from './faults/index.ts'

export interface Options {
  readonly rounds: number
  readonly seed: number
  /** The number of the first round, from 1: what a round does depends on the seed and on its number only. */
  readonly first: number
  readonly log: 'lmdb' | 'kafka' | 'both'
  readonly consumers?: 1 | 3
  readonly brokers?: 1 | 3
  /** Names of faults; all when it is missing. */
  readonly faults?: readonly string[]
  /** Rounds that a system serves before the next one is made. */
  readonly perSystem: number
  readonly record?: string
  /** Whether the data directory lies on a file system of its own that can be filled. */
  readonly smallDisk: boolean
}

const EXPLAINED = `
A round runs a schedule of one to four faults under load, lets them heal, pauses the producer, and asks \`millrace verify\`,
which must agree within the recovery time of docs/operations.md. docs/chaos.md says more.

Faults:
${FAULTS.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join('\n')}`

export function readOptions(argv: readonly string[]): Options {
  const command = new Command('chaos')
    .description(
      'kills, pauses, cuts and fills whatever Millrace runs on, and asks whether the numbers are still exact',
    )
    .option('--rounds <n>', 'how many rounds', whole(1), 20)
    .option('--seed <n>', 'where all that is random comes from; another one each time by default', whole(0))
    .option('--first <n>', 'the number of the first round', whole(1), 1)
    .addOption(new Option('--log <log>', 'the event log').choices(['lmdb', 'kafka', 'both']).default('both'))
    .addOption(new Option('--consumers <n>', 'on Kafka; drawn by default').choices(['1', '3']))
    .addOption(new Option('--brokers <n>', 'on Kafka; drawn by default').choices(['1', '3']))
    .option('--faults <names>', 'only these, separated by commas', faultNames)
    .option('--per-system <n>', 'rounds before a new system is made', whole(1), 20)
    .option('--record <file>', 'append the report to this file')
    .addHelpText('after', EXPLAINED)
    .parse([...argv], { from: 'user' })
  const { seed, consumers, brokers, ...rest } = command.opts()
  return {
    ...rest,
    seed: seed ?? (Date.now() % 1_000_000) + 1,
    ...(consumers ? { consumers: Number(consumers) } : {}),
    ...(brokers ? { brokers: Number(brokers) } : {}),
    smallDisk: false,
  } as Options
}

/** The options that say what a run does, to run a part of it again. */
export function commandLine(options: Options, { first, rounds }: { first: number; rounds: number }): string {
  const { seed, log, perSystem, consumers, brokers, faults } = options
  return [
    `npm run chaos -- --seed ${seed} --first ${first} --rounds ${rounds} --log ${log} --per-system ${perSystem}`,
    ...(consumers ? [`--consumers ${consumers}`] : []),
    ...(brokers ? [`--brokers ${brokers}`] : []),
    ...(faults ? [`--faults ${faults.join(',')}`] : []),
  ].join(' ')
}

function whole(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= 2 ** 31) return number
    throw new InvalidArgumentError(`Give a whole number, ${least} or more.`)
  }
}

function faultNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  const known = FAULTS.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length === 0) return names
  throw new InvalidArgumentError(`There is no ${unknown.join(', ')}. There are ${known.join(', ')}.`)
}
