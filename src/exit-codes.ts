/**
 * The statuses that a command ends with. The list is closed, and docs/command-line.md has the same one. Besides these, a shell
 * says 128 + n of a process that signal n has killed.
 */
export const EXIT_CODES = {
  0: 'It did what was asked.',
  1: 'It ran, and the answer is no: something does not agree, is not there, or was not taken.',
  2: 'The call is wrong: an argument, a setting, a file, or a port that is taken.',
  3: 'It is already running: another process uses the data directory, or is the same member of the group.',
  4: 'Something is refused that no retry can mend: credentials, the schema, a statement, the platform.',
  5: 'The store or the event log is away, busy or full; the same command may succeed later.',
  6: '`verify` only: nothing differs, but not all could be compared yet.',
  70: 'A defect of Millrace; what is printed says where.',
  129: 'Ended by a hang-up (SIGHUP).',
  130: 'Interrupted (Ctrl-C).',
  143: 'Ended by SIGTERM.',
} as const satisfies Readonly<Record<number, string>>

export type ExitCode = keyof typeof EXIT_CODES
