import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import type { TestContext } from 'node:test'

/** Runs a command to its end, which must be a good one; gives what it wrote to standard output. */
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

/** Runs a shell command as a person would, outside of npm and the tests; it is ended with the test. */
export function runShell(
  t: TestContext,
  command: string,
  directory: string,
  environment: Record<string, string>,
) {
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

/** The environment without what npm and our settings have put into it; the Node on the PATH is the machine's own. */
function outside(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(npm_|MILLRACE_|NODE_)/i.test(name) || name === 'npm_config_cache',
  )
  const path = (environment.PATH ?? '').split(delimiter).filter((each) => !each.includes('node_modules'))
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}
