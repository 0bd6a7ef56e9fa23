import { CommanderError } from 'commander'
import { failureOf } from './failure.ts'
import { createProgram } from './program.ts'
import { endSignal } from './signals.ts'

/** The status of a command that was called in a wrong way. */
const USAGE = 2

/**
 * Runs a command line and ends the process with its status.
 *
 * @param args what stands behind the program's name
 */
export async function main(args: readonly string[]): Promise<never> {
  // Whatever this process and its children create is its owner's alone, files of libraries and of ClickHouse included.
  process.umask(0o077)
  const program = createProgram({
    environment: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: endSignal(),
  })
  try {
    await program.parseAsync(args.map(longFlag), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return end(error.exitCode === 0 ? 0 : USAGE)
    const { text, exitCode } = failureOf(error)
    process.stderr.write(text)
    return end(exitCode)
  }
  return end(Number(process.exitCode ?? 0))
}

/** `-init-schema` is how some write `--init-schema`. */
function longFlag(argument: string): string {
  return argument === '-init-schema' ? '--init-schema' : argument
}

/** Ends the process when what was written is on its way: pipes are written asynchronously. */
async function end(status: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      if (!stream.write('', () => resolve())) stream.once('error', () => resolve())
    })
  }
  process.exit(status)
}
