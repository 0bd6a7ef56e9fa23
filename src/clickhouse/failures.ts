import { MillraceError } from '../errors.ts'

/** A port was taken between looking and listening. */
export class PortTaken extends Error {}

interface Failure {
  readonly pattern: RegExp
  explain(directory: string, line: string): Error
}

/** What ends a server at its start, by what it writes on standard error; the first that matches. */
const FAILURES: readonly Failure[] = [
  {
    pattern: /^Code: 76\b|Another server instance in same directory/,
    explain: (directory) =>
      new MillraceError('already_running', `Another process has the ClickHouse data in ${directory} open`, {
        hint: 'Wait for it to end or end it, or set MILLRACE_DATA_DIR to another directory.',
      }),
  },
  { pattern: /Address already in use/, explain: (_, line) => new PortTaken(line) },
  {
    pattern: /^Code: 243\b|NOT_ENOUGH_SPACE|No space left on device|errno: 28\b/,
    explain: (directory, line) =>
      new MillraceError('store_unavailable', `The disk with ${directory} is full, ClickHouse says: ${line}`, {
        hint: 'Make room; nothing that was acknowledged is lost.',
      }),
  },
  {
    pattern: /Permission denied|Read-only file system|errno: (13|30)\b/,
    explain: (directory, line) =>
      new MillraceError('file_unusable', `ClickHouse cannot use ${directory}: ${line}`, {
        hint: 'Give the user that runs Millrace the right to read and write there.',
      }),
  },
  {
    pattern: /could not locate libchdb|GLIBC|ERR_DLOPEN_FAILED|dlopen|cannot open shared object|invalid ELF/i,
    explain: (_, line) => unsupportedPlatform(line),
  },
]

/** The error to give for a server that ended before it answered. */
export function explainFailure(directory: string, lines: readonly string[], logFile: string): Error {
  for (const { pattern, explain } of FAILURES) {
    const line = lines.find((each) => pattern.test(each))
    if (line !== undefined) return explain(directory, shorten(line))
  }
  const said = lines.find((line) => /Code: \d+|Error|error/.test(line)) ?? lines.at(-1)
  return new MillraceError(
    'store_unavailable',
    `The local ClickHouse server ended at its start${said === undefined ? '' : `: ${shorten(said)}`}`,
    { hint: `Its log is ${logFile}.` },
  )
}

/** Whether this line of the server's log says that there is no room on the disk. */
export function saysDiskFull(line: string): boolean {
  return /Code: 243\b|NOT_ENOUGH_SPACE|No space left on device/.test(line)
}

export function unsupportedPlatform(detail: string): MillraceError {
  const here = `${process.platform} on ${process.arch}`
  return new MillraceError(
    'unsupported_platform',
    `The local ClickHouse server does not run here (${here}): ${detail}`,
    {
      hint: 'It needs Linux with glibc, or macOS, on x64 or arm64 (on Windows, WSL), and the optional packages of npm. Or set MILLRACE_CLICKHOUSE_URL to a ClickHouse server.',
    },
  )
}

function shorten(line: string): string {
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
