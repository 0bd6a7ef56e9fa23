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

/** Whoever interrupts a benchmark wants all that it started to end, and nothing of it to stay. */
export function cleanUpWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      for (const { pid } of usageOfTree(process.pid)) if (pid !== process.pid) process.kill(pid, 'SIGKILL')
      for (const directory of directories)
        rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
      process.exit(signal === 'SIGINT' ? 130 : 143)
    })
}
