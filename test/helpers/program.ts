import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'

const PROGRAM = resolve(import.meta.dirname, '../../bin/millrace.js')

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A `millrace` process of a test, with what it wrote so far. */
export class Program {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...withoutSettings(process.env), ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (status, signal) => {
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Asks the process to end, as Ctrl-C does. */
  interrupt(): Promise<Ended> {
    if (this.running) this.child.kill('SIGINT')
    return this.ended
  }
}

/** Starts `millrace …`; it is ended when the test is over, whatever happened. */
export function start(
  t: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Program {
  const program = new Program(args, environment)
  t.after(async () => {
    if (!program.running) return
    program.child.kill('SIGTERM')
    const timer = setTimeout(() => program.child.kill('SIGKILL'), 15_000)
    await program.ended
    clearTimeout(timer)
  })
  return program
}

/** Runs `millrace …` to its end. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  input?: string | Buffer,
): Promise<Ended> {
  const program = new Program(args, environment)
  program.child.stdin!.end(input)
  const timer = setTimeout(() => program.child.kill('SIGKILL'), 300_000)
  const ended = await program.ended
  clearTimeout(timer)
  return ended
}

/** A directory of the test's own, removed when the test is over. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  return path
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('MILLRACE_')))
}
