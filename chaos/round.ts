import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../src/random.ts'
import type { VerifyReport } from '../src/verify/report.ts'
import { run } from '../test/helpers/program.ts'
import { eventually } from '../test/helpers/wait.ts'
import type { Fault } from './faults/fault.ts'
import type { Stage } from './stage.ts'

/** As docs/operations.md says: when nothing fails any more, everything is up to date within so long. */
export const RECOVERY_MS = 60_000

/** A round that takes longer hangs. */
const ROUND_MS = 300_000

const MOST_FAULTS = 4

/** Within so long the faults of a round begin. */
const SPREAD_MS = 3_000

export interface RoundResult {
  readonly faults: readonly { readonly name: string; readonly done: string }[]
  readonly report: VerifyReport
  /** From when the faults had ended until all was counted and the audit agreed, in milliseconds. */
  readonly recoveredMs: number
}

/** The random choices of a round come from the seed and its number, so that it can be run again without those before it. */
export function randomOf(seed: number, round: number): Random {
  return new Random(createHash('sha256').update(`${seed} ${round}`).digest().readUInt32LE())
}

/**
 * Some faults at random moments under load, at the same time as a rule. Then nothing is sent any more, and the audit must agree.
 *
 * @throws when it does not, with what it found
 */
export async function playRound(
  stage: Stage,
  faults: readonly Fault[],
  random: Random,
  onPlan: (plan: readonly string[]) => void,
): Promise<RoundResult> {
  const signal = AbortSignal.timeout(ROUND_MS)
  const hangs = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`the round hangs: ${ROUND_MS / 1_000} s`)), {
      once: true,
    })
  })
  return Promise.race([play(stage, faults, random, onPlan), hangs])
}

async function play(
  stage: Stage,
  faults: readonly Fault[],
  random: Random,
  onPlan: (plan: readonly string[]) => void,
): Promise<RoundResult> {
  const possible = faults.filter((fault) => fault.applies(stage))
  const chosen = Array.from({ length: 1 + random.below(MOST_FAULTS) }, () => {
    // Each has random numbers of its own: the order in which they come to them is not always the same.
    return {
      fault: weighted(possible, random),
      afterMs: random.below(SPREAD_MS),
      own: new Random(random.bits()),
    }
  })
  onPlan(chosen.map(({ fault }) => fault.name))
  await producer(stage, 'resume')
  const before = await stage.sent()
  await eventually('events to flow', async () => (await stage.sent()) > before + 100)
  const done = await Promise.all(
    chosen.map(async ({ fault, afterMs, own }) => {
      await sleep(afterMs)
      return { name: fault.name, done: await fault.run(stage, own) }
    }),
  )
  await stage.heal()
  await stage.answers()
  await quiet(stage)
  const healed = Date.now()
  const report = await agreement(stage, healed)
  return { faults: done, report, recoveredMs: Date.now() - healed }
}

function weighted(faults: readonly Fault[], random: Random): Fault {
  let at = random.next() * faults.reduce((sum, { weight }) => sum + weight, 0)
  for (const fault of faults) {
    at -= fault.weight
    if (at < 0) return fault
  }
  return faults.at(-1)!
}

async function producer(stage: Stage, what: 'pause' | 'resume'): Promise<void> {
  await eventually(`the producer to ${what}`, () =>
    stage.ask(`${stage.producerUrl}/generate/${what}`, 'POST'),
  )
}

/** Nothing is sent any more, and what was has been acknowledged or given up. */
async function quiet(stage: Stage): Promise<void> {
  await eventually('the producer to be quiet', async () => {
    await producer(stage, 'pause')
    const { buffer_used: waiting, generated, sent, failed } = await stage.ask(`${stage.producerUrl}/status`)
    return waiting === 0 && generated === sent + failed
  })
}

async function agreement(stage: Stage, healedMs: number): Promise<VerifyReport> {
  for (;;) {
    const { status, stdout, stderr } = await run(['verify', '--json'], stage.environment)
    // 6: the consumer or the roll-up is not there yet.
    if (status === 6 && Date.now() < healedMs + RECOVERY_MS) continue
    if (status !== 0) throw new Error(`verify ended with ${status}:\n${stdout}${stderr}`)
    const took = Date.now() - healedMs
    if (took > RECOVERY_MS + 30_000) throw new Error(`verify agrees, but only after ${took} ms`)
    return JSON.parse(stdout)
  }
}
