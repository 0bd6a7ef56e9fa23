import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { say } from './say.ts'

const RESULTS = resolve(import.meta.dirname, '../RESULTS.md')
const IMAGES = resolve(import.meta.dirname, '../../docs/images/bench')

export interface Result {
  /** The benchmark's name, which is also that of its chart. */
  readonly name: string
  /** What was measured, as a heading. */
  readonly title: string
  /** Markdown. */
  readonly body: string
  /** Draws it, over a caption that says when and on which commit; no chart when missing. */
  readonly chart?: (caption: string) => string
}

/** Prints a result with the commit and the machine, and keeps it when that was asked for. */
export function report({ name, title, body, chart }: Result, record: boolean | undefined): void {
  const text = `\n## ${title}\n\n${circumstances()}\n\n${body}\n`
  say(text)
  if (!record) return
  appendFileSync(RESULTS, text)
  if (chart === undefined) return
  mkdirSync(IMAGES, { recursive: true })
  writeFileSync(join(IMAGES, `${name}.svg`), chart(`${commandLine()} · ${today()}, commit ${commit()}`))
}

function circumstances(): string {
  const load = loadavg()
    .map((n) => n.toFixed(1))
    .join(', ')
  return [
    `${new Date().toISOString().slice(0, 16)}Z, commit ${commit()}, \`${commandLine()}\`.`,
    `${cpus().length} processors (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; load average at the end ${load}.`,
  ].join('\n')
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

/** Changes of what is measured are told; the results and charts of other benchmarks are none. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: resolve(import.meta.dirname, '../..'), encoding: 'utf8' }).trim()
  const changed =
    git('status', '--porcelain', '--', '.', ':!bench/RESULTS.md', ':!docs') === '' ? '' : ' with changes'
  return `${git('rev-parse', '--short', 'HEAD')}${changed}`
}

/** As it was given, but for --record and for where a directory is on this machine. */
function commandLine(): string {
  const given = process.argv.slice(2).filter((arg) => arg !== '--record')
  return ['npm run bench --', ...given.map((arg) => (isAbsolute(arg) ? 'DIR' : arg))].join(' ')
}
