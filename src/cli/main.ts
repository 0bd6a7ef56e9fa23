import { CommanderError } from 'commander'
import type { ExitCode } from '../exit-codes.ts'
import { failureOf } from './failure.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'
import { endSignal } from './signals.ts'

/** The status of a command that was called in a wrong way. */
const USAGE: ExitCode = 2

/**
 * Runs a command line and ends the process with its status.
 *
 * @param args what stands behind the program's name
 */
export async function main(args: readonly string[]): Promise<never> {
  // Whatever this process and its children create is its owner's alone, files of libraries and of ClickHouse included.
  process.umask(0o077)
  const output = new Output(process.stdout, process.stderr)
  const program = createProgram({
    environment: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: endSignal(),
  })
  const status = await statusOf(() => program.parseAsync(args.map(longFlag), { from: 'user' }), output)
  await written()
  if (output.failure === undefined) process.exit(status)
  const { text, exitCode } = failureOf(output.failure)
  process.stderr.write(text)
  process.exit(exitCode)
}

async function statusOf(command: () => Promise<unknown>, output: Output): Promise<number> {
  try {
    await command()
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    if (output.broke(error)) return 0
    const { text, exitCode } = failureOf(error)
    process.stderr.write(text)
    return exitCode
  }
  return Number(process.exitCode ?? 0)
}

/** `-init-schema` is how some write `--init-schema`. */
function longFlag(argument: string): string {
  return argument === '-init-schema' ? '--init-schema' : argument
}

/** Resolves when what was written is on its way, or cannot be: pipes are written asynchronously. */
async function written(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve())
      stream.write('', () => resolve())
    })
  }
}
