import type { Config } from '../../config/config.ts'
import { MillraceError, messageOf } from '../../errors.ts'
import { duration } from '../../observe/words.ts'
import type { BrokersSeen, OpenedStore } from '../compose.ts'

/** `fail` is what would prevent Millrace from working, `warn` what may become that or is not as it should be. */
export type State = 'ok' | 'warn' | 'fail'

/** What a check has found. */
export interface Finding {
  readonly name: string
  readonly state: State
  /** What it is, as a part of a line. */
  readonly detail: string
  /** What to do, as a sentence. */
  readonly mend?: string
}

export type Outcome = Omit<Finding, 'name'>

/** What checks need of the world. */
export interface Surroundings {
  readonly config: Config
  /** ClickHouse as the settings have it; undefined when that is the local server and it does not run. Asked for once. */
  readonly store: () => Promise<OpenedStore | undefined>
  /** What the brokers of the settings say. Asked for once, and only where there are brokers in the settings. */
  readonly brokers: () => Promise<BrokersSeen>
}

export interface Check {
  readonly name: string
  /** How long it may take, in milliseconds. 5 s by default. */
  readonly withinMs?: number
  /**
   * Looks, and changes nothing. What it throws is its finding too, a failure.
   *
   * @returns null when there is nothing to check with these settings
   */
  run(around: Surroundings): Outcome | null | Promise<Outcome | null>
}

const WITHIN_MS = 5_000

/** Runs all checks at the same time, and gives their findings in the order of the checks. */
export async function runChecks(checks: readonly Check[], around: Surroundings): Promise<Finding[]> {
  const findings = await Promise.all(
    checks.map(async (check) => {
      const outcome = await outcomeOf(check, around)
      return outcome && { name: check.name, ...outcome }
    }),
  )
  return findings.filter((finding) => finding !== null)
}

async function outcomeOf(check: Check, around: Surroundings): Promise<Outcome | null> {
  const withinMs = check.withinMs ?? WITHIN_MS
  const { promise: late, resolve } = Promise.withResolvers<Outcome>()
  const timer = setTimeout(
    () => resolve({ state: 'fail', detail: `no answer within ${duration(withinMs)}` }),
    withinMs,
  )
  try {
    return await Promise.race([Promise.resolve(around).then((it) => check.run(it)), late])
  } catch (error) {
    return failureOutcome(error)
  } finally {
    clearTimeout(timer)
  }
}

/** An error that somebody else has worded, as a finding. */
export function failureOutcome(error: unknown): Outcome {
  const hint = error instanceof MillraceError ? error.hint : undefined
  return { state: 'fail', detail: messageOf(error), ...(hint === undefined ? {} : { mend: hint }) }
}
