import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usageOfTree } from './processes.ts'

const directories = new Set<string>()

/** A directory of a benchmark's own. It is removed at the end, and when the benchmark is interrupted. */
export async function temporaryDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `millrace-bench-${name}-`))
  directories.add(directory)
  return directory
}

export async function removeTemporary(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  directories.delete(directory)
}

/** Whoever interrupts a benchmark wants all that it started to end, and nothing of it to stay; so does one that crashes. */
export function cleanUpWhenInterrupted(): void {
  process.once('SIGINT', () => end(130))
  process.once('SIGTERM', () => end(143))
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? error}\n`)
    end(1)
  })
}

function end(status: number): never {
  for (const { pid } of usageOfTree(process.pid)) if (pid !== process.pid) kill(pid)
  for (const directory of directories)
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  process.exit(status)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
