import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Whether kcat, a client on librdkafka, is there. When it is not, a skipped test says so loudly; on CI it fails. */
export function canRunKcat(): boolean {
  if (spawnSync('kcat', ['-V'], { stdio: 'ignore' }).status === 0) return true
  const reason = "kcat is missing: install Debian's package kcat"
  const mustRun = process.env.CI === 'true'
  test('messages of kcat', { skip: mustRun ? false : reason }, () => {
    throw new Error(reason)
  })
  if (!mustRun) process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)
  return false
}

/** Runs kcat to its end and gives back what it printed. */
export async function kcat(args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)('kcat', [...args], { maxBuffer: 2 ** 26, timeout: 120_000 })
  running.child.stdin!.end(input)
  return (await running).stdout
}
