import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

/** The program's commands, to be looked at or run within the test. */
export function commands(stdout: NodeJS.WritableStream = process.stdout): Command {
  return createProgram({
    environment: {},
    stdin: process.stdin,
    stdout: stdout as NodeJS.WriteStream,
    stderr: process.stderr,
    signal: new AbortController().signal,
  })
}
