import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { median } from './statistics.ts'

/** What one way of doing something took in one run. */
export interface Measured {
  readonly perSecond: number
  /** Microseconds of a processor for each event, of all processes that belong to it. */
  readonly cpuMicroseconds: number
  readonly byProcess: string
}

export interface Contender {
  readonly name: string
  run(round: number): Promise<Measured>
}

const RESULTS = resolve(import.meta.dirname, '../RESULTS.md')

/** Runs everything in turn, so that a machine that gets slower is slower for each; every second round in the other order. */
export async function alternately(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Map<string, Measured[]>> {
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      const one = await contender.run(round)
      measured.get(contender.name)!.push(one)
      say(
        `round ${round}  ${contender.name.padEnd(28)} ${thousands(one.perSecond).padStart(9)}  ${one.cpuMicroseconds.toFixed(1).padStart(5)} µs an event (${one.byProcess})`,
      )
    }
  }
  return measured
}

/** A table in Markdown: the median of each, and from the lowest to the highest. */
export function tableOf(measured: ReadonlyMap<string, readonly Measured[]>): string {
  const rows = [...measured].map(([name, runs]) => [
    name,
    range(
      runs.map((one) => one.perSecond),
      thousands,
    ),
    range(
      runs.map((one) => one.cpuMicroseconds),
      (n) => n.toFixed(1),
    ),
  ])
  return [
    '| what | events/s | µs of a processor an event |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

/**
 * Prints a result, and with `--record` keeps it in bench/RESULTS.md with the commit and the machine.
 *
 * @param question what was measured, as a heading
 */
export function report(question: string, body: string, record: boolean): void {
  const text = `\n## ${question}\n\n${circumstances()}\n\n${body}\n`
  say(text)
  if (record) appendFileSync(RESULTS, text)
}

export function thousands(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(1)}k`
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function range(numbers: readonly number[], write: (n: number) => string): string {
  if (numbers.length === 1) return write(numbers[0]!)
  return `${write(median(numbers))} (${write(Math.min(...numbers))} to ${write(Math.max(...numbers))})`
}

function circumstances(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain') === '' ? '' : ' with changes'
  const load = loadavg()
    .map((n) => n.toFixed(1))
    .join(', ')
  return [
    `${new Date().toISOString().slice(0, 16)}Z, commit ${git('rev-parse', '--short', 'HEAD')}${changed}, \`${commandLine()}\`.`,
    `${cpus().length} processors (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; load average at the end ${load}.`,
  ].join('\n')
}

function commandLine(): string {
  const [, script = '', ...args] = process.argv
  return ['node', script.slice(script.indexOf('bench/')), ...args.filter((arg) => arg !== '--record')].join(
    ' ',
  )
}
