import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import type { TestContext } from 'node:test'

/** The fenced blocks of a page, each with its language and what stands in it. */
export function fencedBlocks(markdown: string): { language: string; body: string }[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, body]) => ({
    language: language!,
    body: body!.trimEnd(),
  }))
}

/** The commands of each `sh` block, in their order. */
export function shellBlocks(markdown: string): string[][] {
  return fencedBlocks(markdown)
    .filter(({ language }) => language === 'sh')
    .map(({ body }) => body.split('\n'))
}

export interface Shell {
  readonly pid: number
  readonly ended: Promise<number | null>
  /** undefined while it runs */
  readonly status: number | null | undefined
  readonly stdout: () => string
  /** The end of what it wrote, to standard output and error. */
  readonly output: () => string
  /** As Ctrl-C does. */
  readonly interrupt: () => void
}

/** Runs a command line as a person at a terminal would; it is ended when the test is over. */
export function runShell(
  t: TestContext,
  command: string,
  directory: string,
  environment: Record<string, string>,
): Shell {
  // A group of its own, so that a signal reaches npm and what it runs, as from a terminal.
  const child = spawn('sh', ['-c', command], {
    cwd: directory,
    env: { ...outside(process.env), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const running = {
    pid: child.pid!,
    ended,
    status: undefined as number | null | undefined,
    stdout: () => stdout,
    output: () => `${stdout}\n${stderr}`.slice(-4_000),
    interrupt: () => void process.kill(-child.pid!, 'SIGINT'),
  }
  void ended.then((status) => {
    running.status = status
  })
  t.after(async () => {
    if (running.status !== undefined) return
    process.kill(-child.pid!, 'SIGTERM')
    await ended
  })
  return running
}

/** Runs a command line to its end, which must be a good one, and gives back what it printed. */
export async function shellSucceeds(
  t: TestContext,
  command: string,
  directory: string,
  environment: Record<string, string>,
): Promise<string> {
  const running = runShell(t, command, directory, environment)
  assert.equal(await running.ended, 0, `${command}: ${running.output()}`)
  return running.stdout()
}

/** The environment without what npm and our settings have put into it; the Node on the PATH is the machine's own. */
function outside(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(npm_|MILLRACE_|NODE_)/i.test(name) || name === 'npm_config_cache',
  )
  const path = (environment.PATH ?? '').split(delimiter).filter((each) => !each.includes('node_modules'))
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}
