import { MillraceError } from '../errors.ts'

/** One option of the program: its names, its default, how its text is read, and what to tell a person about it. */
export interface Setting<T> {
  /** The environment variable, `MILLRACE_…`. The flag is made from it: MILLRACE_DATA_DIR is `--data-dir`. */
  readonly env: `MILLRACE_${string}`
  readonly parse: Parser<T>
  readonly default: T
  /** A sentence for `--help` and the documentation. */
  readonly help: string
  /** Never shown in full. */
  readonly secret: boolean
}

/** Reads the text of an option, or throws an Error whose message says what is allowed. */
export interface Parser<T> {
  (text: string): T
  /** What is allowed, for help and documentation: `whole number from 1 to 65535`. */
  readonly allowed: string
  /** The texts that are allowed, where they can be listed. */
  readonly names?: readonly string[]
  /** What stands for the text in help: `value`, or what it names, which shells can complete. */
  readonly placeholder?: 'file' | 'directory'
}

export function setting<T>(
  env: `MILLRACE_${string}`,
  parse: Parser<T>,
  defaultValue: T,
  help: string,
  options: { secret?: boolean } = {},
): Setting<T> {
  return { env, parse, default: defaultValue, help, secret: options.secret ?? false }
}

export function flagOf(env: string): string {
  return `--${env.slice('MILLRACE_'.length).toLowerCase().replaceAll('_', '-')}`
}

/** Reads the text of a setting; the error names the setting, where the text came from, and what is allowed. */
export function parseSetting<T>(setting: Setting<T>, text: string, name: string): T {
  try {
    return setting.parse(text)
  } catch {
    // Some write credentials into an address.
    const shown = setting.secret || /:\/\/[^/]*@/.test(text) ? 'its value' : `"${text}"`
    throw new MillraceError('invalid_setting', `${name}: ${shown} is not allowed`, {
      hint: `Give ${setting.parse.allowed}.`,
    })
  }
}
