import { spawn, spawnSync } from 'node:child_process'

export interface TerminalOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  /** What is typed, each when the text before it has appeared behind what was there when the one before was typed. */
  readonly typed?: readonly (readonly [after: string, keys: string])[]
}

/** Runs a shell command on a terminal of its own, which `script` of util-linux makes. What the terminal shows comes back. */
export function onTerminal(
  command: string,
  { environment = {}, directory = process.cwd(), typed = [] }: TerminalOptions = {},
): Promise<{ readonly status: number | null; readonly shown: string }> {
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = [...typed]
  let shown = ''
  let from = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    for (;;) {
      const [after, keys] = waiting[0] ?? []
      const at = after === undefined ? -1 : shown.indexOf(after, from)
      if (at < 0) return
      from = at + after!.length
      waiting.shift()
      child.stdin.write(keys!)
    }
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve({ status, shown })
    })
  })
}

/** Why a test that needs these programs can't run here; false when it can. In CI it must. */
export function missing(...programs: readonly string[]): string | false {
  if (process.env.CI === 'true') return false
  const absent = [...programs, 'script'].filter((name) => spawnSync(name, ['--version']).error !== undefined)
  return absent.length > 0 && `THERE IS NO ${absent.join(', NO ')} HERE: install it to test with it`
}
