import { setTimeout as sleep } from 'node:timers/promises'
import type { ExitCode } from '../src/exit-codes.ts'
import { listFailedEventFiles } from '../src/send/failed-events.ts'
import type { VerifyReport } from '../src/verify/report.ts'
import { describeFaults, type Schedule } from './schedule.ts'
import type { Stage } from './stage.ts'

/** As docs/operations.md promises it: how long after the last fault everything agrees again. */
export const RECOVERY_MS = 60_000

/** A round that takes longer hangs. */
export const ROUND_MS = 120_000

/** The status of a command that found the store or the log away. */
const AWAY = 5 satisfies ExitCode
const ASK_AGAIN_MS = 500
const LATER_PATIENCE_MS = 30_000

/** Load before the end of the shortest round, in milliseconds. */
const LOAD_MS = 2_500

export interface RoundResult {
  readonly round: number
  readonly schedule: Schedule
  /** Undefined when all agreed. */
  readonly failure: string | undefined
  /** Messages that the log got in this round, and page views among all of them so far. */
  readonly messages: number
  readonly views: number
  /** Sent again after the faults, since the log had not taken them. */
  readonly resent: number
  readonly recoveryMs: number
  readonly tookMs: number
}

/** A schedule of faults under load, then rest, then the audit. Never throws for what the system does wrong. */
export async function runRound(
  stage: Stage,
  round: number,
  schedule: Schedule,
  stop: AbortSignal,
): Promise<RoundResult> {
  const began = performance.now()
  const progress = new Progress()
  const limit = AbortSignal.any([AbortSignal.timeout(ROUND_MS), stop])
  const hangs = new Promise<string>((resolve) => {
    limit.addEventListener('abort', () => resolve(`it hangs: ${progress.doing}`), { once: true })
  })
  const failure = await Promise.race([
    hangs,
    attempt(stage, schedule, progress, limit).catch((error: unknown) => describe(error)),
  ])
  const now = performance.now()
  return {
    round,
    schedule,
    failure,
    messages: progress.messages,
    views: progress.views,
    resent: progress.resent,
    recoveryMs: progress.healedAt === undefined ? 0 : (progress.agreedAt ?? now) - progress.healedAt,
    tookMs: now - began,
  }
}

/** How far a round has come, for whoever has to say why it did not end. */
class Progress {
  doing = 'beginning'
  healedAt: number | undefined
  agreedAt: number | undefined
  messages = 0
  views = 0
  resent = 0
}

async function attempt(
  stage: Stage,
  schedule: Schedule,
  progress: Progress,
  signal: AbortSignal,
): Promise<string | undefined> {
  progress.doing = 'putting the system under load'
  await stage.setGenerating(true)
  progress.doing = `faults: ${describeFaults(schedule.faults)}`
  const faults = schedule.faults.map(async ({ atMs, run }) => {
    await sleep(atMs)
    await run(stage)
  })
  await Promise.all([...faults, sleep(LOAD_MS)])

  progress.doing = 'starting again what the faults ended'
  const surprises = await stage.heal()
  progress.healedAt = performance.now()
  progress.doing = 'waiting for the services to answer'
  await stage.until('the services to answer', () => stage.answers(), RECOVERY_MS)
  progress.doing = 'waiting for the producer to send the rest'
  await stage.drain()
  progress.resent = await resend(stage, signal)
  progress.doing = 'verifying'
  const failed = await audit(stage, progress, signal)
  return [...surprises, ...(failed ? [failed] : [])].join('\n') || undefined
}

/** What the log did not take while it was away is sent again, as an operator would. */
async function resend(stage: Stage, signal: AbortSignal): Promise<number> {
  if ((await listFailedEventFiles(stage.data.path)).length === 0) return 0
  const { status, stdout, stderr } = await stage.run(['resend', '--json'], signal)
  if (status !== 0) throw new Error(`millrace resend ended with ${status}: ${stderr}`)
  return (JSON.parse(stdout) as { sent: number }[]).reduce((sum, { sent }) => sum + sent, 0)
}

async function audit(stage: Stage, progress: Progress, signal: AbortSignal): Promise<string | undefined> {
  const leftMs = (): number => RECOVERY_MS - (performance.now() - progress.healedAt!)
  let report = await verify(stage, leftMs(), signal)
  // A part of the system is away: whoever asks is told that the same command may succeed later, and asks again.
  while (report === AWAY && leftMs() > 0) {
    await sleep(ASK_AGAIN_MS, undefined, { signal })
    report = await verify(stage, leftMs(), signal)
  }
  if (report === AWAY) return `verify found the store or the log away for ${RECOVERY_MS / 1_000} s`
  progress.messages = report.log.messages
  progress.views = report.raw.unique
  if (report.verdict === 'agrees') {
    progress.agreedAt = performance.now()
    const tookMs = progress.agreedAt - progress.healedAt!
    if (tookMs <= RECOVERY_MS) return undefined
    return `verify agrees, after ${Math.round(tookMs / 1_000)} s and not within ${RECOVERY_MS / 1_000} s`
  }
  // Whether it is a loss, a slow recovery or a false alarm is what one wants to know first.
  await sleep(10_000, undefined, { signal }).catch(() => {})
  const again = await verify(stage, LATER_PATIENCE_MS, signal)
  const later = again === AWAY ? 'the store or the log is away' : `${again.verdict}\n${describeReport(again)}`
  return `verify: ${report.verdict}\n${describeReport(report)}\n--- again later: ${later}`
}

async function verify(
  stage: Stage,
  patienceMs: number,
  signal: AbortSignal,
): Promise<VerifyReport | typeof AWAY> {
  const patience = String(Math.max(1, Math.ceil(patienceMs / 1_000)))
  const { status, stdout, stderr } = await stage.run(['verify', '--json', '--patience', patience], signal)
  if (status === AWAY) return AWAY
  try {
    return JSON.parse(stdout) as VerifyReport
  } catch {
    throw new Error(`verify gave no report (${status}): ${stderr.slice(-2_000)}`)
  }
}

function describeReport({
  differences,
  differences_total,
  notes,
  in_flight,
  log,
  ledger,
  raw,
  errors,
}: VerifyReport): string {
  const counts = JSON.stringify({ log, ledger, raw, errors: errors.total, in_flight })
  const named = differences
    .slice(0, 12)
    .map(
      ({ check, where, expected, found, cause }) =>
        `${check}: ${where}: expected ${expected}, found ${found} (${cause})`,
    )
  return [counts, `${differences_total} differences`, ...named, ...notes].join('\n')
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}
