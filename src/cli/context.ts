import type { Command } from 'commander'
import { type Config, type LoadedConfig, loadConfig, type SettingName } from '../config/config.ts'
import { withSecretFiles } from '../config/secret-files.ts'
import { createLogger, type Logger } from '../observe/logger.ts'

/** What commands have of the world around them. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal
}

/** Adds a command to the program. */
export type Register = (program: Command, context: CliContext) => void

/** Reads the settings of a command from its flags and the environment. */
export function settingsOf(
  context: CliContext,
  flags: Readonly<Partial<Record<SettingName, string>>>,
): LoadedConfig {
  return loadConfig(withSecretFiles(context.environment), flags)
}

export function loggerOf(config: Config, name: string): Logger {
  return createLogger({ level: config.logLevel, format: config.logFormat, name })
}
