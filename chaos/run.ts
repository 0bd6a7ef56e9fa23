import { commandLine, type Options } from './options.ts'
import { type Ran, roundLine } from './report.ts'
import { type RoundResult, runRound } from './round.ts'
import { describeFaults, type Schedule, scheduleOf } from './schedule.ts'
import { describeShape, shapeOf } from './shape.ts'
import { Stage } from './stage.ts'

/**
 * Runs rounds on one system after the other. After a failure the next round gets a new system, since the one that failed is kept as it is.
 *
 * @param say told a line for each round, and everything about a failure
 */
export async function runRounds(
  options: Options,
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<Ran[]> {
  const ran: Ran[] = []
  const { first, rounds, perSystem } = options
  let stage: Stage | undefined
  let number = -1
  let messages = 0
  try {
    for (let round = first; round < first + rounds && !stop.aborted; round++) {
      const needed = Math.floor((round - 1) / perSystem)
      if (stage && (needed !== number || stage.kept)) {
        await stage[Symbol.asyncDispose]()
        stage = undefined
      }
      if (!stage) {
        number = needed
        messages = 0
        const shape = shapeOf(options, number)
        say(`A system: ${describeShape(shape)}`)
        try {
          stage = await Stage.set(shape, options.seed * 1_000 + number)
        } catch (error) {
          // Whatever keeps it from starting keeps the next one from it as well.
          say(`The system could not be started: ${error}`)
          ran.push({ shape, result: notBegun(round, scheduleOf(options, round, shape), error), messages: 0 })
          break
        }
      }
      const { shape } = stage
      const result = await runRound(stage, round, scheduleOf(options, round, shape), stop)
      if (stop.aborted) break
      const one = { shape, result, messages: Math.max(0, result.messages - messages) }
      messages = Math.max(messages, result.messages)
      ran.push(one)
      say(roundLine(one))
      if (result.failure !== undefined) {
        stage.keep()
        say(await explain(stage, result, options))
      }
    }
  } finally {
    await stage?.[Symbol.asyncDispose]()
  }
  return ran
}

function notBegun(round: number, schedule: Schedule, error: unknown): RoundResult {
  const failure = `the system could not be started: ${error}`
  return { round, schedule, failure, messages: 0, views: 0, resent: 0, recoveryMs: 0, tookMs: 0 }
}

async function explain(
  stage: Stage,
  { round, schedule, failure }: RoundResult,
  options: Options,
): Promise<string> {
  return [
    '',
    `ROUND ${round} FAILED. ${describeShape(stage.shape)}`,
    `The seed of the round is ${schedule.seed}: ${describeFaults(schedule.faults)}`,
    failure,
    await stage.describe(),
    `The data directory is kept: ${stage.data.path}`,
    `To see it again: ${commandLine(options, { first: round, rounds: 1 })}`,
    `If it needs what came before: ${commandLine(options, before(round, options))}`,
    '',
  ].join('\n')
}

/** The rounds that this system had served so far. */
function before(round: number, { perSystem }: Options): { first: number; rounds: number } {
  const first = Math.floor((round - 1) / perSystem) * perSystem + 1
  return { first, rounds: round - first + 1 }
}
