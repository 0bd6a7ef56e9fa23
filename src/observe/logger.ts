import { type Logger, pino } from 'pino'
import { pretty } from './pretty.ts'

export type { Logger } from 'pino'

export interface LoggerOptions {
  level: string
  format: 'auto' | 'json' | 'pretty'
  /** The part of the program that writes, shown with each line: `producer`, `consumer`. */
  name: string
}

/** A logger that writes to standard error, so that standard output stays free for answers. */
export function createLogger(options: LoggerOptions): Logger {
  const asPretty = options.format === 'pretty' || (options.format === 'auto' && process.stderr.isTTY)
  const settings = {
    name: options.name,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: ({ name }: { name?: string }) => ({ name }),
    },
    serializers: { error: pino.stdSerializers.err },
  }
  return asPretty ? pino(settings, pretty()) : pino(settings, pino.destination({ fd: 2, sync: true }))
}

/** A logger for tests and for parts used on their own: it writes nothing. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
