import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { commandLine, type Options } from './options.ts'
import type { RoundResult } from './round.ts'
import { describeFaults } from './schedule.ts'
import type { Shape } from './shape.ts'

export interface Ran {
  readonly shape: Shape
  readonly result: RoundResult
  /** Messages of this round alone. */
  readonly messages: number
}

export function roundLine({ shape, result, messages }: Ran): string {
  const { round, schedule, failure, resent, recoveryMs, tookMs } = result
  const counts = `${messages} messages${resent > 0 ? `, ${resent} sent again` : ''}`
  const verdict = failure === undefined ? 'agrees' : 'FAILS'
  const where = `${shape.log}${shape.log === 'kafka' ? `(${shape.brokers})` : ''}/${shape.consumers}`
  return `${String(round).padStart(4)}  seed ${String(schedule.seed).padStart(10)}  ${where.padEnd(10)}  ${seconds(tookMs).padStart(7)}, recovered in ${seconds(recoveryMs).padStart(6)}  ${verdict}  ${counts}  [${describeFaults(schedule.faults)}]`
}

/** What the rounds came to, as Markdown. */
export function reportOf(ran: readonly Ran[], options: Options, tookMs: number): string {
  const { first } = options
  const failed = ran.filter(({ result }) => result.failure !== undefined)
  const lines = [
    `## Chaos: ${ran.length} rounds, ${failed.length} failed`,
    '',
    `${new Date().toISOString().slice(0, 16)}Z, commit ${commit()}, ${cpus().length} processors, Node ${process.versions.node}; ${Math.round(tookMs / 60_000)} min.`,
    `\`${commandLine(options, { first, rounds: options.rounds })}\``,
    '',
    '| system | rounds | failed | messages | recovery, median | recovery, longest |',
    '| --- | --- | --- | --- | --- | --- |',
    ...by(ran, ({ shape }) => [
      `${shape.log}${shape.brokers ? `, ${shape.brokers} brokers` : ''}, ${shape.consumers} consumers`,
    ]).map(([name, some]) => {
      const recovery = some.map(({ result }) => result.recoveryMs).sort((a, b) => a - b)
      const messages = some.reduce((sum, one) => sum + one.messages, 0)
      return `| ${name} | ${some.length} | ${failures(some)} | ${messages} | ${seconds(recovery[recovery.length >> 1]!)} | ${seconds(recovery.at(-1)!)} |`
    }),
    '',
    '| fault | rounds | failed |',
    '| --- | --- | --- |',
    ...by(ran, ({ result }) => [...new Set(result.schedule.faults.map(({ name }) => name))]).map(
      ([name, some]) => `| \`${name}\` | ${some.length} | ${failures(some)} |`,
    ),
    ...failed.map(
      ({ result }) =>
        `\n- round ${result.round} failed: \`${commandLine(options, { first: result.round, rounds: 1 })}\``,
    ),
  ]
  return `${lines.join('\n')}\n`
}

export function record(file: string, report: string): void {
  appendFileSync(file, `\n${report}`)
}

function failures(some: readonly Ran[]): number {
  return some.filter(({ result }) => result.failure !== undefined).length
}

function by(ran: readonly Ran[], keys: (one: Ran) => readonly string[]): [string, Ran[]][] {
  const groups = new Map<string, Ran[]>()
  for (const one of ran) for (const key of keys(one)) groups.set(key, [...(groups.get(key) ?? []), one])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

function commit(): string {
  try {
    const git = { cwd: import.meta.dirname, encoding: 'utf8' } as const
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], git).trim()
  } catch {
    return 'unknown'
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
